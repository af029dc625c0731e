/** Who is here, on shift and receiving, with how much to do; current by the live feed. */
import { onScopeDispose, ref } from 'vue'

import { ApiError } from '@/api/client'
import { type BoardRow, fetchBoard, switchReceiving } from '@/api/splitting'
import { useRereading } from '@/composables/useRereading'
import type { SplitSource } from '@/composables/useSplitConfig'

/** What changes how much somebody has to do, who is listed, or the hours. */
const CHANGES = new Set(['conversation_changed', 'message_received', 'bot_changed', 'presence_changed'])
const PAUSE_MS = 2000

export type SplitPresence = ReturnType<typeof useSplitPresence>

export function useSplitPresence({ botId, listen }: SplitSource) {
  const rows = ref<BoardRow[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  /** Who is being switched. */
  const busyId = ref<string | null>(null)
  const refusal = ref<{ id: string; error: ApiError } | null>(null)
  let news = 0 // what was asked for before the last news is older than it

  async function load(): Promise<void> {
    const mine = (news += 1)
    try {
      const found = await fetchBoard(botId)
      if (mine !== news) return
      rows.value = found
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed'
    }
  }

  function put(id: string, changes: Partial<BoardRow>): void {
    rows.value = rows.value.map((row) => (row.staff_id === id ? { ...row, ...changes } : row))
  }

  async function turn(row: BoardRow, receiving: boolean): Promise<void> {
    if (busyId.value !== null) return
    busyId.value = row.staff_id
    refusal.value = null
    try {
      const saved = await switchReceiving(botId, row.staff_id, receiving)
      news += 1
      put(row.staff_id, saved)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      refusal.value = { id: row.staff_id, error }
    } finally {
      busyId.value = null
    }
  }

  onScopeDispose(
    listen(({ type, data }) => {
      if (type !== 'presence_changed' || data.staff_id === undefined || data.state === undefined) return
      put(data.staff_id, {
        state: data.state,
        since: data.since ?? null,
        away_by: data.away_by ?? null,
        receiving: data.receiving ?? true,
      })
    }),
  )
  useRereading(listen, { types: CHANGES, after: PAUSE_MS, read: load })
  void load()
  return { rows, state, busyId, refusal, load, turn }
}

/** The strictest cap of somebody; null where no rule has one. */
export function lowestCap({ caps }: BoardRow, what: 'open' | 'waiting'): number | null {
  const known = caps.map((cap) => cap[what]).filter((cap) => cap !== null)
  return known.length === 0 ? null : Math.min(...known)
}
