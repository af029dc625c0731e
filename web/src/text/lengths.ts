/** How long something took, in words. */

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** "2 giờ 5 phút" of `seconds`: the two largest units; `atOnce` for less than a second. */
export function spelledSeconds(seconds: number, locale: string, atOnce: string): string {
  const parts: string[] = []
  let left = Math.round(seconds)
  for (const [unit, length] of UNITS) {
    const count = Math.floor(left / length)
    if (count === 0) {
      if (parts.length > 0) break // "2 ngày 3 giây" would say more than anybody knows
      continue
    }
    parts.push(new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count))
    left -= count * length
    if (parts.length === 2) break
  }
  return parts.length === 0 ? atOnce : parts.join(' ')
}
