/** The staff as admins look after them: roles, memberships, who gets conversations, who leaves. */
import { onScopeDispose, ref } from 'vue'

import { type BotDetails, editBot, fetchBoard, fetchBots, switchReceiving } from '@/api/bots'
import { ApiError } from '@/api/client'
import {
  beginHandover,
  createStaff,
  deactivateStaff,
  editStaff,
  fetchStaff,
  makeResetLink,
  type ResetLink,
  type Role,
  type StaffChange,
  type StaffMember,
} from '@/api/staff'
import type { LiveFrame } from '@/api/types'
import { renewStaffNames } from '@/composables/useStaffNames'

/** From the highest to the lowest. */
export const ROLES: readonly Role[] = ['owner', 'admin', 'manager', 'sale']

export type Sight = BotDetails['split']['visibility']

export interface NewPerson {
  name: string
  email: string
  role: Role
  botIds: readonly string[]
}

/** A link to give to somebody new; `problem` is what could not be done besides. */
export interface Welcome {
  person: StaffMember
  link: ResetLink | null
  problem: ApiError | null
}

/** Whether `role` is `wanted` or higher. */
export function atLeast(role: Role, wanted: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(wanted)
}

/** How much of a bot somebody sees: only sales of a bot that splits see less than all. */
export function sightOf({ role }: StaffMember, { split }: BotDetails): Sight {
  return role === 'sale' && split.enabled ? split.visibility : 'all'
}

/** To whom everything of `person` can go: colleagues who see all their bots. */
export function heirsOf(
  person: StaffMember,
  people: readonly StaffMember[],
  bots: readonly BotDetails[],
): StaffMember[] {
  const theirs = bots.filter(({ member_ids }) => member_ids.includes(person.id))
  return people.filter(
    ({ id, active, role }) =>
      active &&
      id !== person.id &&
      (atLeast(role, 'admin') ||
        (theirs.length > 0 && theirs.every(({ member_ids }) => member_ids.includes(id)))),
  )
}

export function useStaffSettings({
  listen,
}: {
  listen: (listener: (frame: LiveFrame) => void) => () => void
}) {
  const people = ref<StaffMember[]>([])
  const bots = ref<BotDetails[]>([])
  /** Whether somebody gets conversations; only of those who may get some at all. */
  const receiving = ref<ReadonlyMap<string, boolean>>(new Map())
  const state = ref<'loading' | 'ready' | 'failed'>('loading')

  async function load(): Promise<void> {
    try {
      ;[people.value, bots.value] = await Promise.all([fetchStaff(), fetchBots()])
      state.value = 'ready'
      const boards = await Promise.all(bots.value.map(({ id }) => fetchBoard(id)))
      receiving.value = new Map(boards.flat().map((one) => [one.staff_id, one.receiving]))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (state.value === 'loading') state.value = 'failed' // what is shown stays otherwise
    }
  }

  /** Everything is read again, whether `work` goes well or not; throws ApiError. */
  async function change<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      renewStaffNames()
      await load()
    }
  }

  /** They choose their password by the link, so nobody else ever knows it. Throws ApiError. */
  function create({ botIds, ...wanted }: NewPerson): Promise<Welcome> {
    return change(async () => {
      const person = await createStaff({ ...wanted, password: unguessable() })
      const welcome: Welcome = { person, link: null, problem: null }
      try {
        for (const bot of bots.value.filter(({ id }) => botIds.includes(id))) {
          await editBot(bot, { member_ids: [...bot.member_ids, person.id] })
        }
        welcome.link = await makeResetLink(person.id)
      } catch (error) {
        if (!(error instanceof ApiError)) throw error
        welcome.problem = error
      }
      return welcome
    })
  }

  /** 412 when somebody else has changed the members meanwhile. */
  function join({ id }: StaffMember, bot: BotDetails, member: boolean): Promise<unknown> {
    const others = bot.member_ids.filter((one) => one !== id)
    return change(() => editBot(bot, { member_ids: member ? [...others, id] : others }))
  }

  function receive({ id }: StaffMember, on: boolean): Promise<unknown> {
    const bot = bots.value.find(({ member_ids }) => member_ids.includes(id)) ?? bots.value[0]
    return change(async () => {
      if (bot) await switchReceiving(bot.id, id, on)
    })
  }

  /** The handover comes first: when it is refused, nothing has happened. */
  function leave({ id }: StaffMember, to: string | null): Promise<unknown> {
    return change(async () => {
      await beginHandover(id, to)
      await deactivateStaff(id)
    })
  }

  onScopeDispose(
    listen(({ type }) => {
      if (type === 'bot_changed' || type === 'resync') void load()
    }),
  )
  void load()

  return {
    people,
    bots,
    receiving,
    state,
    load,
    create,
    join,
    receive,
    leave,
    edit: (person: StaffMember, edit: StaffChange) => change(() => editStaff(person.id, edit)),
  }
}

export type StaffSettings = ReturnType<typeof useStaffSettings>

/** A password that nobody is meant to know. */
function unguessable(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
