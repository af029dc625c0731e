/** Lists that come in pages. */
import type { Page } from '@/api/types'

/** All of it, page after page, for lists of some dozens or hundreds. */
export async function everything<T>(
  read: (query: { limit: number; cursor?: string }) => Promise<Page<T>>,
  limit = 100,
): Promise<T[]> {
  const found: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await read(cursor === null ? { limit } : { limit, cursor })
    found.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null)
  return found
}
