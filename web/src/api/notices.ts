/** What the top of the inbox says: accounts in trouble, and a set-up that is not finished. */
import { answerOf, api } from '@/api/client'
import type { Notice } from '@/api/types'

export async function fetchNotices(): Promise<Notice[]> {
  const { items } = await answerOf(api.GET('/api/v1/notices'))
  return items
}
