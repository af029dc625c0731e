/** Links in what people write: found, and only opened where they lead to the web. */

export interface TextPart {
  text: string
  href: string | null
}

const LINK = /\bhttps?:\/\/[^\s<>"']+|\bwww\.[^\s<>"']+\.[^\s<>"']+/giu
const TRAILING = /[.,;:!?)\]}]+$/u

/** The text in order, cut where its links begin and end. */
export function textParts(text: string): TextPart[] {
  const parts: TextPart[] = []
  let done = 0
  for (const match of text.matchAll(LINK)) {
    const found = match[0].replace(TRAILING, '')
    const href = webAddress(found.startsWith('www.') ? `https://${found}` : found)
    if (href === null) continue
    if (match.index > done) parts.push({ text: text.slice(done, match.index), href: null })
    parts.push({ text: found, href })
    done = match.index + found.length
  }
  if (done < text.length) parts.push({ text: text.slice(done), href: null })
  return parts
}

/** The address if a browser may open it: http, https or our own; never javascript: or data:. */
export function webAddress(address: string | null | undefined): string | null {
  if (!address) return null
  try {
    const { protocol } = new URL(address, window.location.origin)
    return protocol === 'https:' || protocol === 'http:' ? address : null
  } catch {
    return null
  }
}

/** "shopee.vn" of "https://www.shopee.vn/ao-dai?x=1". */
export function hostOf(address: string): string {
  try {
    return new URL(address, window.location.origin).hostname.replace(/^www\./u, '')
  } catch {
    return address
  }
}

/** The link to a file of ours, as one that is saved and not shown. */
export function downloadAddress(address: string): string {
  return address.startsWith('/api/v1/media/') ? `${address}&download=1` : address
}

/** Whether a signed link of ours is too old; `now` in milliseconds since 1970. */
export function hasExpired(address: string | null | undefined, now: number): boolean {
  const until = /[?&]until=(\d+)/u.exec(address ?? '')?.[1]
  return until !== undefined && Number(until) * 1000 <= now
}
