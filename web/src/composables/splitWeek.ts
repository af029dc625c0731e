/** Hours of a week as they are written: every day has its intervals. */
import type { Holiday, Schedule, SplitConfig } from '@/api/splitting'
import { type Span, type Week, type Weekday, WEEKDAYS } from '@/composables/scriptDraft'

const DAY_MS = 86_400_000

type Intervals = readonly Readonly<Record<string, string>>[]

/** A field of time knows no 24:00; to the end of the day is the same as to 00:00. */
function spanOf({ from = '', to = '' }: Readonly<Record<string, string>>): Span {
  return { from, to: to === '24:00' ? '00:00' : to }
}

export function weekOf(schedule: { weekdays: Readonly<Record<string, Intervals>> }): Week {
  return Object.fromEntries(
    WEEKDAYS.map((day) => [day, (schedule.weekdays[day] ?? []).map(spanOf)]),
  ) as Week
}

export function scheduleOf(week: Week): Schedule {
  return {
    weekdays: Object.fromEntries(
      WEEKDAYS.map((day) => [day, week[day].map((span) => ({ ...span }))]),
    ),
  }
}

export function holidayOf(holiday: SplitConfig['holidays'][number]): Required<Holiday> {
  return { ...holiday, hours: holiday.hours.map(spanOf) }
}

/** The days of the week that `day` ("2026-11-22") is in, Monday first. */
export function weekDates(day: string): Record<Weekday, string> {
  const at = Date.parse(`${day}T00:00:00Z`)
  const monday = at - ((new Date(at).getUTCDay() + 6) % 7) * DAY_MS
  return Object.fromEntries(
    WEEKDAYS.map((name, place) => [name, isoDay(monday + place * DAY_MS)]),
  ) as Record<Weekday, string>
}

export function daysLater(day: string, days: number): string {
  return isoDay(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS)
}

/** Which day it is in a time zone; the browser's own where the zone is not known here. */
export function dayIn(now: Date, timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en-CA', { timeZone }).format(now)
  } catch {
    return new Intl.DateTimeFormat('en-CA').format(now)
  }
}

function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** "08:00–12:00, 13:00–17:30"; `allDay` where it never closes. */
export function spelledSpans(spans: readonly Span[], allDay: string): string {
  return spans.map(({ from, to }) => (from === to ? allDay : `${from}–${to}`)).join(', ')
}
