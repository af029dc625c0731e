/** Pages and official accounts that post to this server without being connected to a bot. */
import { answerOf, api } from '@/api/client'
import type { UnknownAccount } from '@/api/types'

export async function fetchUnknownAccounts(): Promise<UnknownAccount[]> {
  const { items } = await answerOf(api.GET('/api/v1/accounts/unknown'))
  return items
}
