/** The customer's records in CRMs: what the sidebar tells, read further while edits wait. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { ApiError } from '@/api/client'
import { type CrmRecord, fetchCrm } from '@/api/crm'
import type { Block } from '@/api/sidebar'

const LOOK_MS = 5000 // between two looks at edits that wait

export interface CrmSource {
  customerId: string | null
  block: () => Block<CrmRecord> | undefined
  /** Of the customer: every edit makes another. */
  version: () => number | null
  /** Reads the sidebar anew. */
  changed: () => Promise<void>
}

export function useCrm({ customerId, block, version, changed }: CrmSource) {
  const cards = shallowRef<readonly CrmRecord[]>([])
  const state = ref<'ready' | 'loading' | 'failed'>('ready')
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  /** The one that the sidebar tells of: the first with a record. */
  const main = computed(() => cards.value.find(({ id }) => id !== null) ?? cards.value[0] ?? null)
  const unlinked = computed(() => block()?.off?.code === 'not_linked')

  /** Look at every connection; an answer that something newer has overtaken is not shown. */
  async function look(): Promise<void> {
    if (customerId === null) return
    const mine = (turn += 1)
    state.value = 'loading'
    try {
      const found = await fetchCrm(customerId)
      if (mine !== turn) return
      state.value = 'ready'
      cards.value = found
      if (unlinked.value && main.value?.id != null) void changed()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (mine !== turn) return
      state.value = 'failed'
      plan()
    }
  }

  /** The answer to what somebody did is shown at once; what follows from it is read. */
  function took(card: CrmRecord): void {
    turn += 1
    state.value = 'ready'
    put(card)
    void changed()
  }

  function put(card: CrmRecord): void {
    const known = cards.value.some(({ connection }) => connection === card.connection)
    const others = cards.value.map((one) => (one.connection === card.connection ? card : one))
    cards.value = known ? others : [...cards.value, card]
  }

  /** Only while edits wait, and somebody has the page before them. */
  function plan(): void {
    clearTimeout(timer)
    const waits = cards.value.some((card) => card.state === 'waiting')
    if (!waits || document.visibilityState !== 'visible') return
    timer = setTimeout(() => void look(), LOOK_MS)
  }

  watch(
    block,
    (now) => {
      if (now?.data != null) put(now.data)
      else if (now?.state === 'off' && !unlinked.value) cards.value = []
    },
    { immediate: true },
  )
  watch(
    [unlinked, version],
    () => {
      if (unlinked.value) void look() // the sidebar does not tell how far a new record is
    },
    { immediate: true },
  )
  watch(cards, plan, { immediate: true })
  document.addEventListener('visibilitychange', plan)
  onScopeDispose(() => {
    turn += 1
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', plan)
  })

  return { cards, main, unlinked, state, look, took }
}
