/** What comes in the order of time, under the days on which it comes. */
import { isSameDay } from '@/text/time'

export interface Day<T> {
  /** The first moment on it. */
  at: string
  items: T[]
}

export function byDay<T extends { at: string }>(items: readonly T[]): Day<T>[] {
  const days: Day<T>[] = []
  for (const item of items) {
    const day = days.at(-1)
    if (day && isSameDay(new Date(day.at), new Date(item.at))) day.items.push(item)
    else days.push({ at: item.at, items: [item] })
  }
  return days
}
