/** API tokens as admins look after them. */
import { ref } from 'vue'

import { ApiError } from '@/api/client'
import { createToken, fetchTokens, type MadeToken, type NewToken, revokeToken, type Token } from '@/api/tokens'

export function useTokens() {
  const tokens = ref<Token[]>([])
  /** The token that was just made, as long as its secret is shown. */
  const made = ref<MadeToken | null>(null)
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      const found = await fetchTokens()
      tokens.value = found.sort((one, other) => other.created_at.localeCompare(one.created_at))
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** Throws ApiError. */
  async function create(wanted: NewToken): Promise<void> {
    made.value = await createToken(wanted)
    await load()
  }

  /** One that is gone already is what was asked for. Throws ApiError. */
  async function revoke(id: string): Promise<void> {
    try {
      await revokeToken(id)
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error
    }
    if (made.value?.token.id === id) made.value = null
    await load()
  }

  void load()
  return { tokens, made, state, load, create, revoke }
}
