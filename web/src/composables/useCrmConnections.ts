/** Connections to CRMs as admins look after them; asked again while something is under way. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import {
  beginCrmBackfill,
  checkCrm,
  type CrmCheck,
  type CrmConnection,
  fetchCrmConnections,
  type ParkedKind,
  replayCrmParked,
} from '@/api/crmConnections'

const ASK_EVERY_MS = 4000

/** Whether it changes by itself: customers are on their way, or it is being tried again. */
function isMoving({ backfill, waiting_since, reason }: CrmConnection): boolean {
  const filling = backfill !== null && backfill.ended_at === null
  return filling || waiting_since !== null || reason !== null
}

export function useCrmConnections() {
  const connections = ref<CrmConnection[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  /** What the last check of a connection has found, by its name. */
  const checks = ref<ReadonlyMap<string, CrmCheck>>(new Map())
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false

  async function load(): Promise<void> {
    clearTimeout(timer)
    try {
      connections.value = await fetchCrmConnections()
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
    clearTimeout(timer)
    if (!over && connections.value.some(isMoving)) timer = setTimeout(() => void load(), ASK_EVERY_MS)
  }

  /** Throws ApiError. */
  async function check(name: string): Promise<void> {
    const found = await checkCrm(name)
    checks.value = new Map(checks.value).set(name, found)
    await load()
  }

  /** How many customers are tried again. Throws ApiError. */
  async function replay(name: string, kind: ParkedKind | null): Promise<number> {
    const customers = await replayCrmParked(name, kind)
    await load()
    return customers
  }

  /** Throws ApiError. */
  async function backfill(
    name: string,
    wanted: { bot_id: string | null; everyone: boolean },
  ): Promise<void> {
    await beginCrmBackfill(name, wanted)
    await load()
  }

  onScopeDispose(() => {
    over = true
    clearTimeout(timer)
  })
  void load()
  return { connections, checks, state, load, check, replay, backfill }
}

export type CrmConnections = ReturnType<typeof useCrmConnections>
