/** The bots (projects) as admins look after them. */
import { computed, onScopeDispose, ref } from 'vue'

import { type BotChange, type BotDetails, createBot, deleteBot, editBot, fetchBots } from '@/api/bots'
import { ApiError } from '@/api/client'
import { fetchCrmConnections } from '@/api/crmConnections'
import { fetchStaff, type StaffMember } from '@/api/staff'
import type { LiveFrame } from '@/api/types'
import { useSession } from '@/composables/useSession'

export interface BotDraft {
  name: string
  member_ids: string[]
  crm_sync: boolean
  visibility: BotDetails['split']['visibility']
}

export function draftOf(bot: BotDetails | null): BotDraft {
  return {
    name: bot?.name ?? '',
    member_ids: [...(bot?.member_ids ?? [])],
    crm_sync: bot?.crm_sync ?? false,
    visibility: bot?.split.visibility ?? 'own_unassigned',
  }
}

/** What of a draft differs from what was read; members that others added meanwhile stay. */
export function changesOf(draft: BotDraft, read: BotDraft, now: BotDetails): BotChange {
  const name = draft.name.trim()
  const added = draft.member_ids.filter((id) => !read.member_ids.includes(id))
  const removed = read.member_ids.filter((id) => !draft.member_ids.includes(id))
  const others = now.member_ids.filter((id) => !removed.includes(id) && !added.includes(id))
  return {
    ...(name === read.name ? {} : { name }),
    ...(added.length + removed.length > 0 ? { member_ids: [...others, ...added] } : {}),
    ...(draft.crm_sync === read.crm_sync ? {} : { crm_sync: draft.crm_sync }),
    ...(draft.visibility === read.visibility
      ? {}
      : { split: { enabled: null, visibility: draft.visibility } }),
  }
}

export function useBotSettings({
  listen,
}: {
  listen: (listener: (frame: LiveFrame) => void) => () => void
}) {
  const { check } = useSession()
  const bots = ref<BotDetails[]>([])
  const people = ref<StaffMember[]>([])
  /** Names of the CRMs that there are; none known while they cannot be asked for. */
  const crms = ref<string[]>([])
  const state = ref<'loading' | 'ready' | 'failed'>('loading')
  const active = computed(() => people.value.filter((one) => one.active))

  async function load(): Promise<void> {
    try {
      ;[bots.value, people.value] = await Promise.all([fetchBots(), fetchStaff()])
      state.value = 'ready'
      crms.value = (await fetchCrmConnections()).map(({ name }) => name)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** Everything is read again either way, also what the other pages choose bots from. */
  async function change(work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
      await check()
    } finally {
      await load()
    }
  }

  onScopeDispose(
    listen(({ type }) => {
      if (type === 'bot_changed' || type === 'resync') void load()
    }),
  )
  void load()

  return {
    bots,
    people: active,
    crms,
    state,
    load,
    create: ({ name, member_ids, crm_sync }: BotDraft) =>
      change(() => createBot({ name: name.trim(), member_ids, crm_sync })),
    /** 412 when somebody else has changed the same since `bot` was read. */
    edit: (bot: Pick<BotDetails, 'id' | 'version'>, edit: BotChange) => change(() => editBot(bot, edit)),
    remove: (id: string) => change(() => deleteBot(id)),
  }
}

export type BotSettings = ReturnType<typeof useBotSettings>
