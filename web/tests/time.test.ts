/** Times in Vietnamese and English, in Vietnam's time zone. */
import { describe, expect, test } from 'vitest'

import { clockTime, dayName, duration, momentName, relativeTime, urgency } from '@/text/time'

// Sunday, 22 November 2026, 10:00 in Vietnam.
const NOW = new Date('2026-11-22T03:00:00Z')
const VI = { locale: 'vi', justNow: 'Vừa xong' }
const EN = { locale: 'en-GB', justNow: 'Just now' }

test('tests run in the time zone of Vietnam', () => {
  expect(new Date('2026-11-22T03:00:00Z').getHours()).toBe(10)
})

describe('how long ago', () => {
  test.each([
    ['2026-11-22T02:59:30Z', 'Vừa xong', 'Just now'],
    ['2026-11-22T03:00:20Z', 'Vừa xong', 'Just now'], // a clock that is ahead of ours
    ['2026-11-22T02:55:00Z', '5 phút', '5 mins'],
    ['2026-11-22T02:00:01Z', '59 phút', '59 mins'],
    ['2026-11-22T00:00:00Z', '3 giờ', '3 hrs'],
    ['2026-11-21T17:00:00Z', '10 giờ', '10 hrs'], // midnight in Vietnam: still today
    ['2026-11-21T16:59:00Z', 'Hôm qua', 'Yesterday'],
    ['2026-11-19T03:00:00Z', 'Thứ Năm', 'Thursday'],
    ['2026-11-14T03:00:00Z', '14/11', '14/11'],
    ['2025-11-14T03:00:00Z', '14/11/2025', '14/11/2025'],
  ])('%s is %s, %s', (at, vietnamese, english) => {
    expect(relativeTime(new Date(at), NOW, VI)).toBe(vietnamese)
    expect(relativeTime(new Date(at), NOW, EN)).toBe(english)
  })
})

describe('which day', () => {
  test.each([
    ['2026-11-21T17:00:00Z', 'Hôm nay'],
    ['2026-11-21T16:59:59Z', 'Hôm qua'],
    ['2026-11-19T03:00:00Z', 'Thứ Năm, 19 tháng 11'],
    ['2025-11-20T03:00:00Z', 'Thứ Năm, 20 tháng 11, 2025'],
    ['2026-11-22T17:00:00Z', 'Ngày mai'],
    ['2026-11-24T03:00:00Z', 'Thứ Ba, 24 tháng 11'],
  ])('%s is %s', (at, name) => {
    expect(dayName(new Date(at), NOW, 'vi')).toBe(name)
  })
})

describe('how long somebody waits', () => {
  test.each([
    ['2026-11-22T02:59:30Z', '< 1 phút', 'fresh'],
    ['2026-11-22T02:48:00Z', '12 phút', 'late'],
    ['2026-11-22T01:10:00Z', '1 giờ', 'overdue'],
    ['2026-11-19T03:00:00Z', '3 ngày', 'overdue'],
  ] as const)('since %s is %s, %s', (since, words, step) => {
    expect(duration(new Date(since), NOW, 'vi')).toBe(words)
    expect(urgency(new Date(since), NOW)).toBe(step)
  })
})

test('a clock time has 24 hours in both languages', () => {
  const evening = new Date('2026-11-22T14:05:00Z')

  expect(clockTime(evening, 'vi')).toBe('21:05')
  expect(clockTime(evening, 'en-GB')).toBe('21:05')
})

describe('a moment', () => {
  test.each([
    ['2026-11-22T07:30:00Z', '14:30 hôm nay', '14:30 today'],
    ['2026-11-21T07:30:00Z', '14:30 hôm qua', '14:30 yesterday'],
    ['2026-11-23T02:00:00Z', '09:00 ngày mai', '09:00 tomorrow'],
    ['2026-11-24T02:00:00Z', '09:00 Thứ 3, 24/11', '09:00 Tue 24/11'],
    ['2027-01-05T02:00:00Z', '09:00 Thứ 3, 5/1/2027', '09:00 Tue, 05/01/2027'],
  ])('%s is %s, %s', (at, vietnamese, english) => {
    expect(momentName(new Date(at), NOW, 'vi')).toBe(vietnamese)
    expect(momentName(new Date(at), NOW, 'en-GB')).toBe(english)
  })
})
