-- Applies changes, each by itself all or nothing: where a row is no longer as it was read, nothing of that change.
-- KEYS: meta, sources, rejected, articles, log.
-- ARGV: the number of changes, then each change as commit-arguments.ts lays it out.
-- Answers 1 or 0 for each change. Numbers and times are given here, so that their order is the order of commit; a
-- clock that is set back does not take the log's times back with it.
local meta, sources, rejected, articles, log = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]

local position = 0
local function take()
  position = position + 1
  return ARGV[position]
end
local function skip(count)
  position = position + count
end

-- tostring() would give large numbers an exponent.
local function digits(number)
  return string.format('%.0f', number)
end

local head = redis.call('HMGET', meta, 'last', 'time')
local last = tonumber(head[1])
if not last then
  return redis.error_reply('GONE the state was emptied')
end
local clock = redis.call('TIME')
local now = digits(math.max(clock[1] * 1000 + math.floor(clock[2] / 1000), tonumber(head[2])))
local delta = { articles = 0, sources = 0 }

local function isAsRead(sourceCount, articleCount)
  local same = true
  for _ = 1, sourceCount do
    local key, row = take(), take()
    if same and (redis.call('HGET', sources, key) or '') ~= row then same = false end
  end
  for _ = 1, articleCount do
    local id, revision = take(), take()
    if same then
      local row = redis.call('HGET', articles, id)
      if (row and string.match(row, '^%d+') or '0') ~= revision then same = false end
    end
  end
  return same
end

local function writeSources(count)
  for _ = 1, count do
    local key, bad, row = take(), take(), take()
    redis.call('HSET', sources, key, now .. ' ' .. row)
    if bad == '1' then
      redis.call('SADD', rejected, key)
    elseif bad == '-1' then
      redis.call('SREM', rejected, key)
    end
  end
end

local function readArticles(count)
  local rows = {}
  for i = 1, count do
    rows[i] = { id = take(), revision = take(), at = take(), sequence = take(), row = take(), body = take() }
    if rows[i].at == '' then rows[i].at = now end
  end
  return rows
end

-- The stream keeps field names once for a run of entries that have the same ones: always all, in this order.
local function appendEvents(count, rows)
  for _ = 1, count do
    local kind, id, article, version, subject = take(), take(), take(), take(), take()
    local slug, hash, index, data = take(), take(), tonumber(take()), take()
    last = last + 1
    local row = rows[index]
    if row then
      row.sequence = digits(last)
      -- The body is sent once, for the row and its event.
      if data == '' then data = row.body end
    end
    redis.call('XADD', log, digits(last) .. '-0', 't', now, 'k', kind, 'i', id, 'a', article, 'v', version,
      's', subject, 'g', slug, 'h', hash, 'd', data)
  end
end

local function writeArticles(rows)
  for _, row in ipairs(rows) do
    redis.call('HSET', articles, row.id,
      row.revision .. ' ' .. row.at .. ' ' .. row.sequence .. ' ' .. row.row .. '\n' .. row.body)
  end
end

local results = {}
for i = 1, tonumber(take()) do
  local readSources, readArticleCount = tonumber(take()), tonumber(take())
  local sourceCount, articleCount, eventCount = tonumber(take()), tonumber(take()), tonumber(take())
  local moreArticles, moreSources = tonumber(take()), tonumber(take())
  if isAsRead(readSources, readArticleCount) then
    writeSources(sourceCount)
    local rows = readArticles(articleCount)
    appendEvents(eventCount, rows)
    writeArticles(rows)
    delta.articles = delta.articles + moreArticles
    delta.sources = delta.sources + moreSources
    results[i] = 1
  else
    skip(3 * sourceCount + 6 * articleCount + 9 * eventCount)
    results[i] = 0
  end
end

redis.call('HSET', meta, 'last', digits(last), 'time', now)
if delta.articles ~= 0 then redis.call('HINCRBY', meta, 'articles', digits(delta.articles)) end
if delta.sources ~= 0 then redis.call('HINCRBY', meta, 'sources', digits(delta.sources)) end
return results
