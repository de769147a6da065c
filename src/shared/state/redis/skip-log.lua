-- Lets the log number on from past a number that was given before this Redis forgot its last moments.
-- KEYS: meta. ARGV: the number.
local meta, number = KEYS[1], tonumber(ARGV[1])
local head = redis.call('HMGET', meta, 'first', 'last')
local first, last = tonumber(head[1]), tonumber(head[2])
if not last or number <= last then return 0 end
redis.call('HSET', meta, 'last', ARGV[1])
if first > last then redis.call('HSET', meta, 'first', string.format('%.0f', number + 1)) end
return 1
