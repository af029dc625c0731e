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

/** "2026-11-23T13:00": what the clock of a time zone shows, as fields for a moment have it. */
export function wallClock(at: string, timeZone: string): string {
  const zone = timeZone === '' ? {} : { timeZone }
  const shown = new Intl.DateTimeFormat('sv-SE', {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', ...zone,
  })
  return shown.format(new Date(at)).replace(' ', 'T')
}

/** The moment at which the clock of a time zone shows `wall`; null when it is no moment. */
export function momentOf(wall: string, timeZone: string): string | null {
  const wanted = Date.parse(`${wall}Z`)
  if (Number.isNaN(wanted)) return null
  let at = wanted
  for (let pass = 0; pass < 2; pass += 1) { // the second settles a change of the clocks in between
    at += wanted - Date.parse(`${wallClock(new Date(at).toISOString(), timeZone)}Z`)
  }
  return new Date(at).toISOString()
}

/** The next whole hour. */
export function nextHour(now: Date): string {
  const hour = 60 * MINUTE_MS
  return new Date((Math.floor(now.getTime() / hour) + 1) * hour).toISOString()
}
