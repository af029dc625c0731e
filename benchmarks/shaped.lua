-- wrk script around load/wrk_fb.lua (run wrk in benchmarks/): the same webhooks, shaped.
-- env: FB_RATE (requests per second over all connections; as fast as possible without it),
--      FB_SEED (six characters) and FB_EPOCH (seconds): the same stream again, byte for byte,
--      FB_REPEAT (only the first so many of the stream, over and over)
local ffi = require("ffi")
ffi.cdef[[
typedef struct { long tv_sec; long tv_nsec; } bench_timespec;
int clock_gettime(int clock, bench_timespec *now);
]]
local seed, epoch = os.getenv("FB_SEED"), tonumber(os.getenv("FB_EPOCH"))
local rate, repeated = tonumber(os.getenv("FB_RATE")), tonumber(os.getenv("FB_REPEAT"))

if seed then
  local open = io.open
  io.open = function(path, mode)
    if path ~= "/dev/urandom" then return open(path, mode) end
    return {read = function(_, n) return seed:sub(1, n) end, close = function() end}
  end
end
if epoch then os.time = function() return epoch end end

dofile("load/wrk_fb.lua")

if repeated then
  local fresh, kept, n, first = request, {}, 0, true
  function request()
    if first then first = false; fresh() end -- wrk makes one request that it never sends
    n = n % repeated + 1
    kept[n] = kept[n] or fresh()
    return kept[n]
  end
end

if rate then
  local clock, due = ffi.new("bench_timespec[1]"), nil
  local function now_ms()
    ffi.C.clock_gettime(1, clock)
    return tonumber(clock[0].tv_sec) * 1000 + tonumber(clock[0].tv_nsec) / 1e6
  end
  -- Each request has its own moment; a slow answer does not push the others back.
  function delay()
    local now = now_ms()
    due = due and due + 1000 / rate or now
    return math.max(0, math.floor(due - now + 0.5))
  end
end
