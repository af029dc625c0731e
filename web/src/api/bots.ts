/** Bots (projects) as admins look after them. */
import { answerOf, api } from '@/api/client'
import { everything } from '@/api/paging'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type BotDetails = Schemas['BotView']
export type BotChange = Partial<Schemas['BotEditBody']>
export type BoardRow = Schemas['BoardRowView']

const BOT = '/api/v1/bots/{bot_id}'

/** All of them, by name. */
export function fetchBots(): Promise<BotDetails[]> {
  return everything((query) => answerOf(api.GET('/api/v1/bots', { params: { query } })))
}

export function createBot(bot: {
  name: string
  member_ids: string[]
  crm_sync: boolean
}): Promise<BotDetails> {
  const body = { ...bot, accounts: [], split: { enabled: null, visibility: null } }
  return answerOf(api.POST('/api/v1/bots', { body }))
}

/** Only while nobody else has changed the same fields since `version`: 412 otherwise. */
export function editBot(
  { id, version }: Pick<BotDetails, 'id' | 'version'>,
  change: BotChange,
): Promise<BotDetails> {
  const params = { path: { bot_id: id }, header: { 'If-Match': String(version) } }
  return answerOf(api.PATCH(BOT, { params, body: change as Schemas['BotEditBody'] }))
}

/** 409 while it has accounts. */
export async function deleteBot(bot_id: string): Promise<void> {
  await answerOf(api.DELETE(BOT, { params: { path: { bot_id } } }))
}

/** Who may get conversations of a bot, and whether they do. */
export async function fetchBoard(bot_id: string): Promise<BoardRow[]> {
  const params = { path: { bot_id } }
  return (await answerOf(api.GET('/api/v1/bots/{bot_id}/presence', { params }))).items
}

/** Whether a colleague gets conversations, of all their bots. */
export async function switchReceiving(
  bot_id: string,
  staff_id: string,
  receiving: boolean,
): Promise<void> {
  const params = { path: { bot_id, staff_id } }
  const path = '/api/v1/bots/{bot_id}/presence/{staff_id}'
  await answerOf(api.PATCH(path, { params, body: { receiving } }))
}
