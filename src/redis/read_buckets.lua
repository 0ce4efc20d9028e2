-- Hands out whole buckets. A script and not a pipeline, because the client has none that works on a cluster as well.
-- KEYS: buckets of one shard. Answers: account, blob, account, blob, ... of all of them.
local all = {}
for _, bucket in ipairs(KEYS) do
  for _, part in ipairs(redis.call('HGETALL', bucket)) do
    all[#all + 1] = part
  end
end
return all
