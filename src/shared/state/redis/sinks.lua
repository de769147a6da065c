-- The places of sinks. One script, since all its operations read and write the same line.
-- KEYS: sinks, meta. ARGV: operation, sink, then what the operation needs.
-- Answers number, generation, epoch and time of the last move; nothing where there is no such place, or not any more.
local sinks, meta = KEYS[1], KEYS[2]
local operation, name = ARGV[1], ARGV[2]

local function digits(number)
  return string.format('%.0f', number)
end

local number, generation, epoch, moved =
  string.match(redis.call('HGET', sinks, name) or '', '^(%d+) (%d+) (%d+) (%d+)$')
local isNew = number == nil

local function write()
  redis.call('HSET', sinks, name, number .. ' ' .. generation .. ' ' .. epoch .. ' ' .. moved)
end

local function now()
  local clock = redis.call('TIME')
  return digits(clock[1] * 1000 + math.floor(clock[2] / 1000))
end

if isNew and operation ~= 'move' then
  -- A sink never seen before starts at the oldest entry.
  local first = redis.call('HGET', meta, 'first')
  number, generation, epoch, moved = digits(tonumber(first or '1') - 1), '0', '0', '0'
end

if operation == 'register' then
  if isNew then write() end
elseif operation == 'lease' then
  epoch = digits(tonumber(epoch) + 1)
  write()
elseif operation == 'move' then
  if isNew or epoch ~= ARGV[3] then return false end
  if tonumber(ARGV[4]) > tonumber(number) then
    number, moved = ARGV[4], now()
    write()
  end
elseif operation == 'set' then
  -- The lease ends too: whoever holds it would take the cursor back to where it was.
  number, moved = ARGV[3], now()
  generation, epoch = digits(tonumber(generation) + 1), digits(tonumber(epoch) + 1)
  write()
end
return { number, generation, epoch, moved }
