-- Drops the oldest entries of the log. KEYS: meta, log, sinks.
-- ARGV: how many delivered entries are kept, how many entries at most, the last number that is too old in any case.
-- Answers how many numbers went.
local meta, log, sinks = KEYS[1], KEYS[2], KEYS[3]
local head = redis.call('HMGET', meta, 'first', 'last')
local first, last = tonumber(head[1]), tonumber(head[2])
if not last then return 0 end

local delivered = last
for _, place in ipairs(redis.call('HVALS', sinks)) do
  delivered = math.min(delivered, tonumber(string.match(place, '^%d+')))
end

local cut = math.max(delivered - tonumber(ARGV[1]), last - tonumber(ARGV[2]), tonumber(ARGV[3]))
cut = math.min(cut, last)
if cut < first then return 0 end

local next = string.format('%.0f', cut + 1)
redis.call('XTRIM', log, 'MINID', '=', next .. '-0')
redis.call('HSET', meta, 'first', next)
return cut + 1 - first
