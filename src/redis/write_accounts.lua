-- Writes accounts, keeping a stored blob that is newer (byte 1: version, bytes 2 to 9: log offset, little endian).
-- KEYS: each account's bucket. ARGV: account, blob, account, blob, ...
for i, bucket in ipairs(KEYS) do
  local account, blob = ARGV[2 * i - 1], ARGV[2 * i]
  local stored = redis.call('HGET', bucket, account)
  if not stored or #stored < 9 or struct.unpack('<i8', stored, 2) <= struct.unpack('<i8', blob, 2) then
    redis.call('HSET', bucket, account, blob)
  end
end
return #KEYS
