/** Times as agents read them: how long ago, which day, how long somebody waits. */

const MINUTE_S = 60
const HOUR_S = 60 * MINUTE_S
const DAY_S = 24 * HOUR_S

export interface TimeWords {
  locale: string
  justNow: string
}

/** For a list row: "Vừa xong", "5 phút", "3 giờ", "Hôm qua", "Thứ Năm", "14/11", "14/11/2025". */
export function relativeTime(at: Date, now: Date, { locale, justNow }: TimeWords): string {
  const seconds = (now.getTime() - at.getTime()) / 1000
  if (seconds < MINUTE_S) return justNow // a little in the future: the clocks differ
  if (seconds < HOUR_S) return amount(Math.floor(seconds / MINUTE_S), 'minute', locale)
  const days = daysBetween(at, now)
  if (days === 0) return amount(Math.floor(seconds / HOUR_S), 'hour', locale)
  if (days === 1) {
    return capital(new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-1, 'day'))
  }
  if (days < 7) return new Intl.DateTimeFormat(locale, { weekday: 'long' }).format(at)
  return shortDate(at, now, locale)
}

/** For a line between two days: "Hôm nay", "Hôm qua", "Ngày mai", "Thứ Năm, 20 tháng 11". */
export function dayName(at: Date, now: Date, locale: string): string {
  const days = daysBetween(at, now)
  if (Math.abs(days) <= 1) return capital(nearDay(-days, locale))
  const date = new Intl.DateTimeFormat(locale, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }),
  })
  return capital(date.format(at))
}

/** "14:05", whatever the language: agents read a clock of 24 hours. */
export function clockTime(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at)
}

/** A moment among others, past or to come: "14:30 hôm nay", "09:00 ngày mai", "09:00 Thứ 3, 24/11". */
export function momentName(at: Date, now: Date, locale: string): string {
  const days = daysBetween(now, at)
  const near = Math.abs(days) <= 1
  const day = near ? nearDay(days, locale).toLocaleLowerCase(locale) : weekdayDate(at, now, locale)
  return `${clockTime(at, locale)} ${day}`
}

/** In full, for a tooltip: "14:05 Thứ Năm, 20 tháng 11, 2026". */
export function fullTime(at: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'full',
    timeStyle: 'short',
    hourCycle: 'h23',
  }).format(at)
}

/** The largest whole unit: "< 1 phút", "12 phút", "3 giờ", "2 ngày". */
export function duration(from: Date, now: Date, locale: string): string {
  const seconds = Math.max(0, (now.getTime() - from.getTime()) / 1000)
  if (seconds < MINUTE_S) return `< ${amount(1, 'minute', locale)}`
  if (seconds < HOUR_S) return amount(Math.floor(seconds / MINUTE_S), 'minute', locale)
  if (seconds < DAY_S) return amount(Math.floor(seconds / HOUR_S), 'hour', locale)
  return amount(Math.floor(seconds / DAY_S), 'day', locale)
}

/** How pressing a wait is; the steps are ours, to be read at a glance, not a promise. */
export function urgency(waitingSince: Date, now: Date): 'fresh' | 'late' | 'overdue' {
  const minutes = (now.getTime() - waitingSince.getTime()) / 60_000
  if (minutes < 10) return 'fresh'
  return minutes < 60 ? 'late' : 'overdue'
}

export function isSameDay(a: Date, b: Date): boolean {
  return daysBetween(a, b) === 0
}

function daysBetween(from: Date, to: Date): number {
  const start = Date.UTC(from.getFullYear(), from.getMonth(), from.getDate())
  const end = Date.UTC(to.getFullYear(), to.getMonth(), to.getDate())
  return Math.round((end - start) / (DAY_S * 1000))
}

function shortDate(at: Date, now: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, dateParts(at, now)).format(at)
}

function weekdayDate(at: Date, now: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, { weekday: 'short', ...dateParts(at, now) }).format(at)
}

function dateParts(at: Date, now: Date): Intl.DateTimeFormatOptions {
  const year = at.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return { day: 'numeric', month: 'numeric', ...year }
}

/** "hôm qua", "hôm nay", "ngày mai": -1, 0 and 1 days from today. */
function nearDay(days: number, locale: string): string {
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(days, 'day')
}

function amount(count: number, unit: 'minute' | 'hour' | 'day', locale: string): string {
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short' }).format(count)
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
