/** Connected accounts, and the ways in which admins connect them. */
import { answerOf, api } from '@/api/client'
import { everything } from '@/api/paging'
import type {
  Channel,
  ConnectChannel,
  ConnectedAccount,
  ConnectFlow,
  FinishedAccount,
  WaitingDeletion,
} from '@/api/types'

/** All of them: an installation has some dozens. */
export function fetchConnectedAccounts(): Promise<ConnectedAccount[]> {
  return everything((query) => answerOf(api.GET('/api/v1/accounts', { params: { query } })))
}

/** Begin a login dialog; the address to send the browser to. */
export async function startConnecting(bot_id: string, channel: ConnectChannel): Promise<string> {
  const started = await answerOf(
    api.POST('/api/v1/bots/{bot_id}/connect', { params: { path: { bot_id } }, body: { channel } }),
  )
  return started.url
}

export function fetchFlow(flow_id: string): Promise<ConnectFlow> {
  return answerOf(api.GET('/api/v1/connect-flows/{flow_id}', { params: { path: { flow_id } } }))
}

/** Safe to repeat. */
export async function finishFlow(flow_id: string, account_ids: string[]): Promise<FinishedAccount[]> {
  const { accounts } = await answerOf(
    api.POST('/api/v1/connect-flows/{flow_id}/finish', {
      params: { path: { flow_id } },
      body: { account_ids },
    }),
  )
  return accounts
}

export interface PastedAccount {
  channel: Channel
  account_id: string
  name: string
  credentials: Record<string, string>
}

export async function addAccount(bot_id: string, account: PastedAccount): Promise<void> {
  await answerOf(
    api.POST('/api/v1/bots/{bot_id}/accounts', { params: { path: { bot_id } }, body: account }),
  )
}

export async function replaceCredentials(
  { bot_id, id }: ConnectedAccount,
  credentials: Record<string, string>,
): Promise<void> {
  await answerOf(
    api.POST('/api/v1/bots/{bot_id}/accounts/{account}/credentials', {
      params: { path: { bot_id, account: id } },
      body: { credentials },
    }),
  )
}

export async function disconnectAccount({ bot_id, id }: ConnectedAccount): Promise<void> {
  await answerOf(
    api.DELETE('/api/v1/bots/{bot_id}/accounts/{account}', {
      params: { path: { bot_id, account: id } },
    }),
  )
}

export async function fetchWaitingDeletions(): Promise<WaitingDeletion[]> {
  const { items } = await answerOf(api.GET('/api/v1/data-deletions'))
  return items
}

export async function closeDeletion(code: string): Promise<void> {
  await answerOf(api.POST('/api/v1/data-deletions/{code}/done', { params: { path: { code } } }))
}
