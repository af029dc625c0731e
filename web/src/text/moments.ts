/** Moments to come, on the clock of a bot. */

const MINUTE_MS = 60_000
const UNITS = [
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
] as const

/** "13:00 Thứ Hai, 23/11/2026" in a time zone; the browser's own where that is not known yet. */
export function momentIn(at: string, timeZone: string, locale: string): string {
  const zone = timeZone === '' ? {} : { timeZone }
  const moment = new Date(at)
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...zone,
  })
  const day = new Intl.DateTimeFormat(locale, {
    weekday: 'short', day: 'numeric', month: 'numeric', year: 'numeric', ...zone,
  })
  return `${clock.format(moment)} ${day.format(moment)}`
}

/** "+1 ngày 3 giờ": the two largest units; `atOnce` for less than a minute. */
export function elapsed(from: string, to: string, locale: string, atOnce: string): string {
  let minutes = Math.round((new Date(to).getTime() - new Date(from).getTime()) / MINUTE_MS)
  if (minutes <= 0) return atOnce
  const parts: string[] = []
  for (const [unit, length] of UNITS) {
    const count = Math.floor(minutes / length)
    if (count === 0) continue
    parts.push(
      new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count),
    )
    minutes -= count * length
  }
  return `+${parts.slice(0, 2).join(' ')}`
}
