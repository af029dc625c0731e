/** What rules and settings of a bot may name: its people, its accounts, tags. */
import { computed, onScopeDispose, ref } from 'vue'

import { type Choice, fetchTagChoices } from '@/api/catalogue'
import { ApiError } from '@/api/client'
import { type BotDetails, fetchBotDetails } from '@/api/splitting'
import { fetchStaff, type StaffMember } from '@/api/staff'
import type { SplitSource } from '@/composables/useSplitConfig'

const LEADS_ALL: ReadonlySet<string> = new Set(['owner', 'admin'])

export type SplitChoices = ReturnType<typeof useSplitChoices>

export function useSplitChoices({ botId, listen }: SplitSource) {
  const bot = ref<BotDetails | null>(null)
  const staff = ref<StaffMember[]>([])
  const tags = ref<Choice[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      ;[bot.value, staff.value, tags.value] = await Promise.all([
        fetchBotDetails(botId),
        fetchStaff(),
        fetchTagChoices(),
      ])
      state.value = 'ready'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is known stays otherwise
    }
  }

  const byId = computed(() => new Map(staff.value.map((one) => [one.id, one])))
  const members = computed(() => {
    const ids = new Set(bot.value?.member_ids)
    return byName(staff.value.filter(({ id, active }) => active && ids.has(id)))
  })
  /** Members first, then owners and admins, who may be given conversations of any bot. */
  const people = computed(() => {
    const inside = new Set(members.value.map(({ id }) => id))
    const leaders = staff.value.filter(
      ({ id, active, role }) => active && LEADS_ALL.has(role) && !inside.has(id),
    )
    return [...members.value, ...byName(leaders)]
  })
  const accounts = computed(() => bot.value?.accounts ?? [])

  function nameOf(id: string | null): string | null {
    return id === null ? null : (byId.value.get(id)?.name ?? null)
  }

  onScopeDispose(
    listen(({ type }) => {
      if (type === 'bot_changed' || type === 'resync') void load()
    }),
  )
  void load()
  return { members, people, accounts, tags, state, nameOf, load }
}

function byName(people: readonly StaffMember[]): StaffMember[] {
  return [...people].sort((one, other) => one.name.localeCompare(other.name, 'vi'))
}
