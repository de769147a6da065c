-- Makes the state where there is none, and tells what is there.
-- KEYS: meta. ARGV: schema version, id for a new log. Answers the schema version and the log's id.
local meta = KEYS[1]
if redis.call('HSETNX', meta, 'schema', ARGV[1]) == 1 then
  redis.call('HSET', meta, 'log', ARGV[2], 'first', '1', 'last', '0', 'time', '0', 'articles', '0', 'sources', '0')
end
return redis.call('HMGET', meta, 'schema', 'log')
