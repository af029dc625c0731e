/** Quick search over customers and messages; the server folds accents and knows phone numbers. */
import { answerOf, api } from '@/api/client'
import type { components } from '@/api/schema'

export type FoundCustomer = components['schemas']['CustomerFound']
export type FoundMessage = components['schemas']['MessageFound']
export type Found = FoundCustomer | FoundMessage
export type Snippet = components['schemas']['SnippetView']
export type SearchPage = components['schemas']['SearchPage']

export interface SearchPlace {
  kind: 'customers' | 'messages'
  botId: string | null
  limit: number
  cursor?: string | null
  signal: AbortSignal
}

export function fetchFound(
  q: string,
  { kind, botId, limit, cursor = null, signal }: SearchPlace,
): Promise<SearchPage> {
  const query = {
    q,
    kind,
    limit,
    ...(botId === null ? {} : { bot_id: botId }),
    ...(cursor === null ? {} : { cursor }),
  }
  return answerOf(api.GET('/api/v1/search', { params: { query }, signal }))
}
