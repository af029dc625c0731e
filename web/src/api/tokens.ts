/** API tokens: of people and of bots. */
import { answerOf, api } from '@/api/client'
import { everything } from '@/api/paging'
import type { components } from '@/api/schema'

type Schemas = components['schemas']

export type Token = Schemas['TokenView']
export type NewToken = Schemas['NewTokenBody']
export type Scope = Token['scopes'][number]
/** `secret` is shown this once. */
export type MadeToken = Schemas['NewTokenView']

/** One's own; for admins everybody's and those of bots. */
export function fetchTokens(): Promise<Token[]> {
  return everything((query) => answerOf(api.GET('/api/v1/tokens', { params: { query } })))
}

export function createToken(body: NewToken): Promise<MadeToken> {
  return answerOf(api.POST('/api/v1/tokens', { body }))
}

/** At once: whoever uses it is refused from now on. */
export async function revokeToken(token_id: string): Promise<void> {
  await answerOf(api.DELETE('/api/v1/tokens/{token_id}', { params: { path: { token_id } } }))
}
