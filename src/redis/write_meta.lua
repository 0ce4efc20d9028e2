-- Moves a shard's meta record forward. ARGV: the offset that the writer left here ('' for none), offset, accounts, blob.
local found = tonumber(redis.call('HGET', KEYS[1], 'offset') or nil)
local previous, offset = tonumber(ARGV[1]), tonumber(ARGV[2])
if previous and (not found or found < previous) then
  return 'lost'
end
if found and found > offset then
  return 'newer'
end
redis.call('HSET', KEYS[1], 'offset', ARGV[2], 'accounts', ARGV[3], 'blob', ARGV[4])
return 'written'
