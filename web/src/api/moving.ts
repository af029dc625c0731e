/** Moving a channel account, with all its conversations, to another bot. */
import { answerOf, api } from '@/api/client'

/** Safe to repeat; the conversations follow within moments. */
export async function moveAccount(accountId: string, botId: string): Promise<void> {
  await answerOf(
    api.POST('/api/v1/accounts/{account}/move', {
      params: { path: { account: accountId } },
      body: { bot_id: botId },
    }),
  )
}
