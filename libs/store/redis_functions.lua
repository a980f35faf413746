#!lua name=meridian_v5
-- The functions of the Redis store, version 5 (docs/adr/0010-keys-and-markers-in-redis.md says why they are as they are).
--
-- KEYS[1] is the base of a shard, e.g. `meridian:{r7}`; all its keys begin with it, so they lie in one slot:
--   <base>:owner        "term nonce level server": the term in force, see take_term
--   <base>:head         "number term digest log_term log_number segment segment_bytes segment_ms logged" of the last commit;
--                       logged: bytes of all entries that there ever were
--   <base>:T:B          bucket B of table T: a hash, key -> value
--   <base>:log:S        segment S of the log: a stream, id = term-number, field e
--   <base>:segments     a list of the log's segments, oldest first: "S term number ms logged" when its first entry came
--   <base>:trimmed      "term number bytes" of the last entry removed from the log, and of all that were
--   <base>:followers    a hash, name -> "term number"
--   <base>:risk         "ms number": when the last change of the server was found, and behind which commit
--   <base>:lease        a hash: owner, nonce, expires_ms
--   <base>:marker       what marker wrote last; <base>:check is there only while check runs
-- The directory's base is `meridian:{directory}`, with <base>:tenants (hash) and <base>:names (sorted set), and beside them
-- the placement: <base>:assignments (how many there were), <base>:region, <base>:counts (hash, kind -> shards), <base>:wishes (hash,
-- shard -> address) and <base>:processes (hash, "kind address" -> "expires_ms state serving held").
--
-- A function that fails midway keeps its writes. So each one checks everything before its first write, and commit, the
-- only one with many writes, voids the owner when one of them fails after all.
-- Numbers of Lua are exact below 2^53: terms and numbers stay below; digests and nonces are text.

local SEGMENT_BYTES = 512 * 1024
local SEGMENT_MS = 6 * 3600 * 1000
local RISK_MS = 60 * 1000
local DEAD_MS = 60 * 1000
local BUCKETS = 1024
local TABLES = 256
local MAX_RECORDS = 256
local MAX_BYTES = 256 * 1024
local MAX_KEY = 128
local READ_CHUNK = 64
local MAX_FOUND = 1024  -- buckets that one find names
local FIND_LOOKS = 1024  -- at buckets of which nothing is known
local LOOKS_A_TABLE = 32  -- what it costs to go through a table that is known
local TRIM_SEGMENTS = 16

-- ---- which server this is ----

-- A server process as a primary: its run id, new with every process, and its replication id, new with every promotion.
-- Asked for by whoever connects, takes a term or writes a marker; commit compares what was found last.
local server = nil

local function ask_server()
  local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
  local replication_id = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  server = run_id .. '/' .. replication_id
  return server
end

local function server_name(keys, args)
  return ask_server()
end

local function marker(keys, args)
  redis.call('SET', keys[1] .. ':marker', args[1])
  return ask_server()
end

-- Runs each writing command once, on a scratch key: a user who may not run one of them must not find out in the middle of
-- a commit. And what find needs, which a user of an older release may not run.
local function check(keys, args)
  local key = keys[1] .. ':check'
  local trials = {{'SET', key, '1'}, {'DEL', key}, {'HSET', key, 'f', '1'}, {'HDEL', key, 'f'}, {'RPUSH', key, '1'},
                  {'LPOP', key}, {'ZADD', key, 0, '1'}, {'UNLINK', key}, {'XADD', key, '1-1', 'e', '1'},
                  {'XTRIM', key, 'MAXLEN', '=', 0}, {'UNLINK', key}, {'HLEN', key}}
  for _, trial in ipairs(trials) do
    local reply = redis.pcall(unpack(trial))
    if type(reply) == 'table' and reply.err then
      redis.pcall('UNLINK', key)
      return redis.error_reply('NOPERM the user may not run ' .. trial[1] .. ': ' .. reply.err)
    end
  end
  return ask_server()
end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- ---- the chain ----

local function whole(text)
  return string.match(text or '', '^%d+$') and tonumber(text)
end

local function integer(number)
  return string.format('%.0f', number)
end

local function parse_owner(text)
  if not text then return {term = 0} end
  local term, nonce, level, on = string.match(text, '^(%d+) (%d+) (%l+) (%S+)$')
  if not term then return nil end
  return {term = tonumber(term), nonce = nonce, level = level, server = on}
end

local function parse_head(text)
  if not text then
    return {number = 0, term = 0, digest = '0', log_term = 0, log_number = 0, segment = 0, bytes = 0, ms = 0,
            logged = 0}
  end
  local number, term, digest, log_term, log_number, segment, bytes, ms, logged =
      string.match(text, '^(%d+) (%d+) (%x+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  return {number = tonumber(number), term = tonumber(term), digest = digest, log_term = tonumber(log_term),
          log_number = tonumber(log_number), segment = tonumber(segment), bytes = tonumber(bytes), ms = tonumber(ms),
          logged = tonumber(logged)}
end

local function head_reply(head)
  return {integer(head.term), integer(head.number), head.digest, integer(head.log_term), integer(head.log_number)}
end

local function above(term, number, other_term, other_number)
  return term > other_term or (term == other_term and number > other_number)
end

-- ---- which buckets hold records ----

-- What is known of a shard, by base: `owner` and `head`, the texts of its :owner and :head; `tables`, number -> {seen,
-- records}. `records` is bucket -> how many, of those that hold any; of buckets from `seen` on nothing is known.
-- In memory only, and true for as long as this library, on this server as a primary, did everything that was done to the
-- shard. An older library's term, a promotion, data put back and a repair change one of the two texts; a restart, a full
-- resynchronisation and DEBUG RELOAD load the library anew; a commit written in part forgets the shard itself. Then find
-- looks at each bucket once. An edit of records alone, with owner and head as they were, is not noticed.
local known_shards = {}

-- ":T:B" -> T * BUCKETS + B, of those that were asked for.
local places = {}

local function place_of(suffix)
  local number, bucket = string.match(suffix, '^:(%d+):(%d+)$')
  number, bucket = tonumber(number), tonumber(bucket)
  if not number or number >= TABLES or bucket >= BUCKETS or suffix ~= ':' .. number .. ':' .. bucket then return nil end
  places[suffix] = number * BUCKETS + bucket
  return places[suffix]
end

-- What is known under this owner and this head, or nil: then it is over for good, because nobody counts what is done now.
local function known_under(base, owner, head)
  local known = known_shards[base]
  if known and owner and known.owner == owner and known.head == head then return known end
  known_shards[base] = nil
  return nil
end

-- After a put or a delete of one record: how many of it there were before (0 or 1), and how many there are.
-- One that was there where none is held to be: somebody else wrote, and nothing more is known of the table.
local function count(known, suffix, before, after)
  local place = places[suffix]
  local bucket = place % BUCKETS
  local number = (place - bucket) / BUCKETS
  local counts = known.tables[number]
  if not counts or bucket >= counts.seen then return end
  local records = (counts.records[bucket] or 0) - before
  if records < 0 then
    known.tables[number] = nil
  else
    records = records + after
    counts.records[bucket] = records > 0 and records or nil
  end
end

-- The next bucket with records, from a known one on -> the bucket behind it, how many records; BUCKETS or the first that is
-- not known, and 0, when there is none.
local function next_known(counts, bucket)
  if bucket == 0 and next(counts.records) == nil then return counts.seen, 0 end
  while bucket < counts.seen do
    local records = counts.records[bucket]
    bucket = bucket + 1
    if records then return bucket, records end
  end
  return bucket, 0
end

-- The same among those that are not known, and how many may still be looked at. What is seen is kept, when all before it is
-- known.
local function look(base, number, counts, bucket, looks)
  local name, records = base .. ':' .. number .. ':', 0
  while records == 0 and bucket < BUCKETS and looks > 0 do
    records = redis.call('HLEN', name .. bucket)
    if bucket == counts.seen then
      -- In this order: an error between the two, as FUNCTION KILL makes one, leaves nothing known that is not so.
      counts.records[bucket] = records > 0 and records or nil
      counts.seen = bucket + 1
    end
    bucket, looks = bucket + 1, looks - 1
  end
  return bucket, records, looks
end

-- ---- terms and commits ----

-- ARGV: nonce, unix ms, level, and what the caller remembers of the shard: its own newest term, and the term and number
-- of the newest commit that it saw acknowledged -> term, 1 when acknowledged commits may be missing or 0, now, the head.
local function take_term(keys, args)
  local base, nonce, ms, level = keys[1], args[1], whole(args[2]), args[3]
  local own_term, seen_term, seen_number = whole(args[4]), whole(args[5]), whole(args[6])
  if not (whole(nonce) and ms and string.match(level or '', '^%l+$') and own_term and seen_term and seen_number) then
    return redis.error_reply('ERR bad arguments')
  end
  local stored, stored_head = redis.call('GET', base .. ':owner'), redis.call('GET', base .. ':head')
  local owner = parse_owner(stored)
  if not owner then return redis.error_reply('BROKEN a commit of this shard was written in part: ' .. stored) end
  local head = parse_head(stored_head)
  local on, now = ask_server(), now_ms()
  local risk_ms, risk_number = string.match(redis.call('GET', base .. ':risk') or '', '^(%d+) (%d+)$')
  local changed = owner.server and owner.server ~= on and owner.level ~= 'strict'
  local forgot = own_term > owner.term or above(seen_term, seen_number, head.term, head.number)
  if changed or forgot then
    risk_ms, risk_number = now, head.number
    redis.call('SET', base .. ':risk', integer(now) .. ' ' .. integer(head.number))
  end
  local at_risk = risk_ms and (now < tonumber(risk_ms) + RISK_MS or tonumber(risk_number) == head.number)
  local term = math.max(owner.term + 1, ms, 1)
  local text = integer(term) .. ' ' .. nonce .. ' ' .. level .. ' ' .. on
  local known = owner.server == on and known_under(base, stored, stored_head) or {head = stored_head, tables = {}}
  known_shards[base] = nil
  redis.call('SET', base .. ':owner', text)
  known.owner = text
  known_shards[base] = known
  local reply = head_reply(head)
  table.insert(reply, 1, integer(term))
  table.insert(reply, 2, at_risk and 1 or 0)
  table.insert(reply, 3, integer(now))
  return reply
end

local function head(keys, args)
  return head_reply(parse_head(redis.call('GET', keys[1] .. ':head')))
end

-- What is wrong with the arguments of a commit, or nil. Records begin at args[9].
local function commit_fault(args)
  local puts, deletes = whole(args[7]), whole(args[8])
  if not (whole(args[1]) and whole(args[2]) and whole(args[4]) and whole(args[6]) and puts and deletes) then
    return 'bad arguments'
  end
  if #args ~= 9 + 3 * puts + 2 * deletes or puts + deletes > MAX_RECORDS then return 'bad count of arguments' end
  if not string.match(args[3], '^%l+$') or not string.match(args[5], '^%x+$') then return 'bad arguments' end
  local bytes = #args[9]
  local at = 10
  for i = 1, puts + deletes do
    local key = #args[at + 1]
    if key == 0 or key > MAX_KEY or not (places[args[at]] or place_of(args[at])) then return 'bad key' end
    bytes = bytes + key
    if i <= puts then
      bytes = bytes + #args[at + 2]
      at = at + 3
    else
      at = at + 2
    end
  end
  if bytes > MAX_BYTES then return 'too large' end
  return nil
end

local function append_log(base, last, term, number, ms, entry)
  if last.segment == 0 or last.bytes >= SEGMENT_BYTES or ms > last.ms + SEGMENT_MS then
    last.segment, last.bytes, last.ms = last.segment + 1, 0, ms
    redis.call('RPUSH', base .. ':segments', integer(last.segment) .. ' ' .. term .. ' ' .. number .. ' ' .. integer(ms) .. ' ' ..
               integer(last.logged))
  end
  redis.call('XADD', base .. ':log:' .. integer(last.segment), term .. '-' .. number, 'e', entry)
  last.bytes, last.logged = last.bytes + #entry, last.logged + #entry
  last.log_term, last.log_number = tonumber(term), tonumber(number)
end

local function append(base, last, args, known)
  local term, number, digest, ms = args[1], args[4], args[5], tonumber(args[6])
  local puts, deletes, entry = tonumber(args[7]), tonumber(args[8]), args[9]
  local at = 10
  for _ = 1, puts do
    local added = redis.call('HSET', base .. args[at], args[at + 1], args[at + 2])
    if known then count(known, args[at], 1 - added, 1) end
    at = at + 3
  end
  for _ = 1, deletes do
    local removed = redis.call('HDEL', base .. args[at], args[at + 1])
    if known then count(known, args[at], removed, 0) end
    at = at + 2
  end
  if #entry > 0 then append_log(base, last, term, number, ms, entry) end
  local head = number .. ' ' .. term .. ' ' .. digest .. ' ' .. integer(last.log_term) .. ' ' .. integer(last.log_number) ..
               ' ' .. integer(last.segment) .. ' ' .. integer(last.bytes) .. ' ' .. integer(last.ms) .. ' ' ..
               integer(last.logged)
  redis.call('SET', base .. ':head', head)
  if known then known.head = head end
end

-- ARGV: term, nonce, level, number, digest, wall ms, puts, deletes, log entry, then each put as suffix, key, value and
-- each delete as suffix, key -> `ok`, `repeat`, `term <in force>`, `number <last>` or `fault <what>`.
local function commit(keys, args)
  local base = keys[1]
  local fault = commit_fault(args)
  if fault then return 'fault ' .. fault end
  local stored = redis.call('MGET', base .. ':owner', base .. ':head')
  if stored[1] ~= args[1] .. ' ' .. args[2] .. ' ' .. args[3] .. ' ' .. (server or ask_server()) then
    return 'term ' .. (stored[1] or 0)
  end
  local last = parse_head(stored[2])
  local number = tonumber(args[4])
  if number == last.number and tonumber(args[1]) == last.term and args[5] == last.digest then return 'repeat' end
  if number ~= last.number + 1 then return 'number ' .. integer(last.number) end
  local done, why = pcall(append, base, last, args, known_under(base, stored[1], stored[2]))
  if done then return 'ok' end
  known_shards[base] = nil
  if type(why) == 'table' then why = why.err end
  redis.pcall('SET', base .. ':owner', 'broken ' .. args[4] .. ': ' .. tostring(why))
  return 'fault written in part: ' .. tostring(why)
end

-- ---- records ----

-- ARGV: suffix, key, ... -> the head's term and number, then the values.
local function read(keys, args)
  local base = keys[1]
  local last = parse_head(redis.call('GET', base .. ':head'))
  local reply = {integer(last.term), integer(last.number)}
  for at = 1, #args, 2 do
    reply[#reply + 1] = redis.call('HGET', base .. args[at], args[at + 1])
  end
  return reply
end

-- Where the records of tables lie. ARGV: index (from 0) of the table to begin with, its bucket, how many records are
-- enough, the tables -> index and bucket to go on with (index = number of tables: done), then index * BUCKETS + bucket of
-- each that holds records. The records are read by the caller, with one HGETALL each: through here they would be copied
-- three times, while the server does nothing else.
local function find(keys, args)
  local base, at, bucket, left = keys[1], whole(args[1]), whole(args[2]), whole(args[3])
  local tables = #args - 3
  if not (at and bucket and left) or at > tables or bucket >= BUCKETS or left == 0 then
    return redis.error_reply('ERR bad arguments')
  end
  for i = 4, #args do
    if not whole(args[i]) or tonumber(args[i]) >= TABLES then return redis.error_reply('ERR bad arguments') end
  end
  local known = known_under(base, unpack(redis.call('MGET', base .. ':owner', base .. ':head'))) or {tables = {}}
  local found, looks = {}, FIND_LOOKS
  while at < tables and left > 0 and looks > 0 and #found < MAX_FOUND do
    local number = tonumber(args[4 + at])
    local counts = known.tables[number] or {seen = 0, records = {}}
    known.tables[number] = counts
    local records
    if bucket < counts.seen then
      bucket, records = next_known(counts, bucket)
    else
      bucket, records, looks = look(base, number, counts, bucket, looks)
    end
    if records > 0 then
      found[#found + 1] = at * BUCKETS + bucket - 1
      left = left - records
    end
    if bucket == BUCKETS then at, bucket, looks = at + 1, 0, looks - LOOKS_A_TABLE end
  end
  return {at, bucket, unpack(found)}
end

-- ---- the log ----

local function parse_position(text)
  local term, number = string.match(text or '', '^(%d+)[ -](%d+)$')
  return tonumber(term or 0), tonumber(number or 0)
end

-- The term, the number and the bytes of :trimmed.
local function get_trimmed(base)
  local term, number, bytes = string.match(redis.call('GET', base .. ':trimmed') or '0 0 0', '^(%d+) (%d+) (%d+)$')
  return tonumber(term), tonumber(number), tonumber(bytes)
end

local function segment_at(base, index)
  local segment, term, number, ms, logged =
      string.match(redis.call('LINDEX', base .. ':segments', index), '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
  return segment, tonumber(term), tonumber(number), tonumber(ms), tonumber(logged)
end

-- The index of the last segment that does not begin above the position, or 0.
local function find_segment(base, count, term, number)
  local low, high = 0, count - 1
  while low < high do
    local middle = math.ceil((low + high) / 2)
    local _, first_term, first_number = segment_at(base, middle)
    if above(first_term, first_number, term, number) then high = middle - 1 else low = middle end
  end
  return low
end

-- ARGV: term, number, bytes -> `trimmed`, term, number; or `entries`, then term-number, entry, ...
local function read_log(keys, args)
  local base, term, number, left = keys[1], whole(args[1]), whole(args[2]), whole(args[3])
  if not (term and number and left) then return redis.error_reply('ERR bad arguments') end
  local trimmed_term, trimmed_number = get_trimmed(base)
  if above(trimmed_term, trimmed_number, term, number) then
    return {'trimmed', integer(trimmed_term), integer(trimmed_number)}
  end
  local reply = {'entries'}
  local count = redis.call('LLEN', base .. ':segments')
  local index = count > 0 and find_segment(base, count, term, number) or 0
  local from = '(' .. integer(term) .. '-' .. integer(number)
  while index < count do
    local stream = base .. ':log:' .. segment_at(base, index)
    local entries = redis.call('XRANGE', stream, from, '+', 'COUNT', READ_CHUNK)
    for i = 1, #entries do
      if left <= 0 and #reply > 1 then return reply end
      reply[#reply + 1] = entries[i][1]
      reply[#reply + 1] = entries[i][2][2]
      left = left - #entries[i][2][2]
      from = '(' .. entries[i][1]
    end
    if left <= 0 and #reply > 1 then return reply end
    if #entries < READ_CHUNK then index = index + 1 end
  end
  return reply
end

-- ARGV: name, term, number.
local function follow(keys, args)
  local term, number = whole(args[2]), whole(args[3])
  if not (term and number) then return redis.error_reply('ERR bad arguments') end
  local stored_term, stored_number = parse_position(redis.call('HGET', keys[1] .. ':followers', args[1]))
  if redis.call('HEXISTS', keys[1] .. ':followers', args[1]) == 0 or above(term, number, stored_term, stored_number) then
    redis.call('HSET', keys[1] .. ':followers', args[1], integer(term) .. ' ' .. integer(number))
  end
  return 'ok'
end

-- ARGV: name.
local function unfollow(keys, args)
  redis.call('HDEL', keys[1] .. ':followers', args[1])
  return 'ok'
end

local function lowest_follower(base, term, number)
  local positions = redis.call('HVALS', base .. ':followers')
  for i = 1, #positions do
    local followed_term, followed_number = parse_position(positions[i])
    if above(term, number, followed_term, followed_number) then term, number = followed_term, followed_number end
  end
  return term, number
end

local function last_of(stream, up_to)
  local entry = redis.call('XREVRANGE', stream, up_to, '-', 'COUNT', 1)[1]
  return entry and entry[1]
end

local function note_trimmed(base, id, bytes)
  local term, number = parse_position(id)
  redis.call('SET', base .. ':trimmed', integer(term) .. ' ' .. integer(number) .. ' ' .. integer(bytes))
end

local function bytes_up_to(stream, id)
  local bytes = 0
  for _, entry in ipairs(redis.call('XRANGE', stream, '-', id)) do bytes = bytes + #entry[2][2] end
  return bytes
end

-- There is another behind it.
local function drop_first_segment(base, stream)
  local last = last_of(stream, '+')
  local _, _, _, _, logged = segment_at(base, 1)
  redis.call('UNLINK', stream)
  redis.call('LPOP', base .. ':segments')
  if last then note_trimmed(base, last, logged) end
end

-- ARGV: term, number -> 1 when there is more to remove, and the first entry kept or, without one, the last removed.
local function trim(keys, args)
  local base, term, number = keys[1], whole(args[1]), whole(args[2])
  if not (term and number) then return redis.error_reply('ERR bad arguments') end
  term, number = lowest_follower(base, term, number)
  for _ = 1, TRIM_SEGMENTS do
    if redis.call('LLEN', base .. ':segments') == 0 then break end
    local stream = base .. ':log:' .. segment_at(base, 0)
    local removed = last_of(stream, integer(term) .. '-' .. integer(number))
    local last = last_of(stream, '+')
    if removed ~= last then
      if removed then
        local _, _, before = get_trimmed(base)
        note_trimmed(base, removed, before + bytes_up_to(stream, removed))
        redis.call('XTRIM', stream, 'MINID', '=', integer(term) .. '-' .. integer(number + 1))
      end
      return {0, redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1][1]}
    end
    if redis.call('LLEN', base .. ':segments') == 1 then
      -- The open segment stays, empty, because the head names it.
      if removed then
        note_trimmed(base, removed, parse_head(redis.call('GET', base .. ':head')).logged)
        redis.call('XTRIM', stream, 'MAXLEN', '=', 0)
      end
      break
    end
    drop_first_segment(base, stream)
  end
  local more = redis.call('LLEN', base .. ':segments') > 1 and 1 or 0
  local trimmed_term, trimmed_number = get_trimmed(base)
  return {more, integer(trimmed_term) .. '-' .. integer(trimmed_number)}
end

-- The bytes kept, the term and number of the last entry removed, then name, "term number", ... of the followers.
local function describe(keys, args)
  local base = keys[1]
  local term, number, bytes = get_trimmed(base)
  local reply = {integer(parse_head(redis.call('GET', base .. ':head')).logged - bytes), integer(term), integer(number)}
  local followers = redis.call('HGETALL', base .. ':followers')
  for i = 1, #followers do reply[#reply + 1] = followers[i] end
  return reply
end

-- ARGV: wall ms before which entries are old, bytes to keep -> 1 when there is more to remove. Whole segments only,
-- never the open one, never above the lowest follower.
local function retain(keys, args)
  local base, old_ms, keep = keys[1], whole(args[1]), whole(args[2])
  if not (old_ms and keep) then return redis.error_reply('ERR bad arguments') end
  local follower_term, follower_number = lowest_follower(base, 9007199254740991, 9007199254740991)
  for _ = 1, TRIM_SEGMENTS do
    local count = redis.call('LLEN', base .. ':segments')
    if count < 2 then return 0 end
    local _, _, _, next_ms = segment_at(base, 1)
    if next_ms >= old_ms and (count - 1) * SEGMENT_BYTES <= keep then return 0 end
    local stream = base .. ':log:' .. segment_at(base, 0)
    local last_term, last_number = parse_position(last_of(stream, '+'))
    if above(last_term, last_number, follower_term, follower_number) then return 0 end
    drop_first_segment(base, stream)
  end
  return 1
end

-- ---- leases ----

-- The time is the caller's, where it gives one, else the server's.
local function lease_now(text)
  return whole(text) or now_ms()
end

local function held_lease(base)
  local lease = redis.call('HMGET', base .. ':lease', 'owner', 'nonce', 'expires_ms')
  return lease[1] and {owner = lease[1], nonce = lease[2], expires = tonumber(lease[3])} or nil
end

local function hold_lease(base, owner, nonce, expires)
  redis.call('HSET', base .. ':lease', 'owner', owner, 'nonce', nonce, 'expires_ms', integer(expires))
end

-- ARGV: owner, nonce, ttl ms, now ms or '' -> `ok`, or `held <owner>`.
local function acquire(keys, args)
  local ttl, now = whole(args[3]), lease_now(args[4])
  if not ttl then return redis.error_reply('ERR bad arguments') end
  local held = held_lease(keys[1])
  if held and held.owner ~= args[1] and held.expires > now then return 'held ' .. held.owner end
  hold_lease(keys[1], args[1], args[2], now + ttl)
  return 'ok'
end

local function is_holder(held, args)
  return held and held.owner == args[1] and held.nonce == args[2]
end

-- As acquire -> `ok` or `lost`.
local function renew(keys, args)
  local ttl, now = whole(args[3]), lease_now(args[4])
  if not ttl then return redis.error_reply('ERR bad arguments') end
  if not is_holder(held_lease(keys[1]), args) then return 'lost' end
  hold_lease(keys[1], args[1], args[2], now + ttl)
  return 'ok'
end

-- ARGV: owner, nonce.
local function release(keys, args)
  if is_holder(held_lease(keys[1]), args) then redis.call('DEL', keys[1] .. ':lease') end
  return 'ok'
end

-- ---- the directory ----

-- To all who watch the placement.
local function say_placement(base)
  redis.call('PUBLISH', base .. ':placement', '')
end

-- ARGV: tenant, what is stored ('' for nothing), what to store -> `ok`, or `changed`.
local function assign(keys, args)
  local stored = redis.call('HGET', keys[1] .. ':tenants', args[1]) or ''
  if stored ~= args[2] then return 'changed' end
  redis.call('HSET', keys[1] .. ':tenants', args[1], args[3])
  redis.call('ZADD', keys[1] .. ':names', 0, args[1])
  redis.call('SET', keys[1] .. ':assignments', integer(tonumber(redis.call('GET', keys[1] .. ':assignments') or 0) + 1))
  say_placement(keys[1])
  return 'ok'
end

-- ARGV: after, count -> tenant, what is stored, ...
local function tenants(keys, args)
  local names = redis.call('ZRANGEBYLEX', keys[1] .. ':names', args[1] == '' and '-' or '(' .. args[1], '+', 'LIMIT', 0, args[2])
  local reply = {}
  for i = 1, #names do
    reply[#reply + 1] = names[i]
    reply[#reply + 1] = redis.call('HGET', keys[1] .. ':tenants', names[i])
  end
  return reply
end

-- ---- the placement ----

-- ARGV: kind, count -> the count in force.
local function fix_count(keys, args)
  if not whole(args[2]) then return redis.error_reply('ERR bad arguments') end
  local fixed = redis.call('HGET', keys[1] .. ':counts', args[1])
  if fixed then return fixed end
  redis.call('HSET', keys[1] .. ':counts', args[1], args[2])
  say_placement(keys[1])
  return args[2]
end

-- ARGV: region -> the region in force.
local function fix_region(keys, args)
  redis.call('SET', keys[1] .. ':region', args[1], 'NX')
  return redis.call('GET', keys[1] .. ':region')
end

local function split_process(value)
  local expires, text = string.match(value, '^(%d+) (.*)$')
  return tonumber(expires or 0), text or ''
end

-- ARGV: name, text, ttl ms, now ms or '', trust (the text's last word) -> `ok`, or `stranger <address>` while another
-- lives whose trust is another. Removes those that are dead for long.
local function announce(keys, args)
  local ttl, now = whole(args[3]), lease_now(args[4])
  if not ttl then return redis.error_reply('ERR bad arguments') end
  local processes = keys[1] .. ':processes'
  local expires, text = split_process(redis.call('HGET', processes, args[1]) or '')
  if expires > now and text == args[2] then
    redis.call('HSET', processes, args[1], integer(now + ttl) .. ' ' .. args[2])
    return 'ok'
  end
  local all, dead = redis.call('HGETALL', processes), {}
  for i = 1, #all, 2 do
    local until_ms, other = split_process(all[i + 1])
    local trust = string.match(other, '^%S+ %S+ %S+ (%S+)$')
    if until_ms > now and all[i] ~= args[1] and trust and trust ~= args[5] then
      return 'stranger ' .. string.match(all[i], '(%S+)$')
    end
    if until_ms + DEAD_MS < now then dead[#dead + 1] = all[i] end
  end
  for _, name in ipairs(dead) do redis.call('HDEL', processes, name) end
  redis.call('HSET', processes, args[1], integer(now + ttl) .. ' ' .. args[2])
  say_placement(keys[1])
  return 'ok'
end

-- ARGV: name.
local function leave(keys, args)
  redis.call('HDEL', keys[1] .. ':processes', args[1])
  say_placement(keys[1])
  return 'ok'
end

-- ARGV: shard, address or ''.
local function wish(keys, args)
  if args[2] == '' then
    redis.call('HDEL', keys[1] .. ':wishes', args[1])
  else
    redis.call('HSET', keys[1] .. ':wishes', args[1], args[2])
  end
  say_placement(keys[1])
  return 'ok'
end

-- ARGV: now ms or '' -> the assignments, then what, name, value, ...
local function placement(keys, args)
  local now = lease_now(args[1])
  local reply = {redis.call('GET', keys[1] .. ':assignments') or '0'}
  local function add(what, name, value)
    reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = what, name, value
  end
  for what, key in pairs({count = ':counts', wish = ':wishes'}) do
    local all = redis.call('HGETALL', keys[1] .. key)
    for i = 1, #all, 2 do add(what, all[i], all[i + 1]) end
  end
  local processes = redis.call('HGETALL', keys[1] .. ':processes')
  for i = 1, #processes, 2 do
    local expires, text = split_process(processes[i + 1])
    if expires > now then add('process', processes[i], text) end
  end
  return reply
end

-- Commits and assignments are refused above maxmemory; what is small, or frees room, or only reads goes on.
local function register(name, callback, ...)
  redis.register_function{function_name = 'meridian_' .. name .. '_v5', callback = callback, flags = {...}}
end
register('server', server_name, 'no-writes', 'allow-oom')
register('check', check, 'allow-oom')
register('marker', marker, 'allow-oom')
register('take_term', take_term, 'allow-oom')
register('head', head, 'no-writes', 'allow-oom')
register('commit', commit)
register('read', read, 'no-writes', 'allow-oom')
register('find', find, 'no-writes', 'allow-oom')
register('read_log', read_log, 'no-writes', 'allow-oom')
register('follow', follow, 'allow-oom')
register('unfollow', unfollow, 'allow-oom')
register('describe', describe, 'no-writes', 'allow-oom')
register('trim', trim, 'allow-oom')
register('retain', retain, 'allow-oom')
register('acquire', acquire, 'allow-oom')
register('renew', renew, 'allow-oom')
register('release', release, 'allow-oom')
register('assign', assign)
register('tenants', tenants, 'no-writes', 'allow-oom')
register('fix_count', fix_count, 'allow-oom')
register('fix_region', fix_region, 'allow-oom')
register('announce', announce, 'allow-oom')
register('leave', leave, 'allow-oom')
register('wish', wish, 'allow-oom')
register('placement', placement, 'no-writes', 'allow-oom')
