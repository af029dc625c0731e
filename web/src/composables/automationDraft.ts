/** An automation as its form shows it, and what is sent of it. */
import type { Automation, AutomationBody, AutomationKind, EventType } from '@/api/automations'

export const EVENT_GROUPS: readonly (readonly EventType[])[] = [
  ['message.received', 'postback.received', 'message.sent', 'message.changed'],
  [
    'customer.followed',
    'customer.unfollowed',
    'customer.noted',
    'customer.changed',
    'customer.tags_changed',
  ],
  ['conversation.assigned', 'conversation.status_changed', 'conversation.automation_changed'],
]

/** What Messenger has a word for (docs/messenger-gateway.md); the rest is told to nobody there. */
const OF_MESSENGER: ReadonlySet<EventType> = new Set([
  'message.received',
  'postback.received',
  'message.sent',
  'message.changed',
  'customer.followed',
  'conversation.automation_changed',
])

export const ANSWER_WITHIN = { min: 5, max: 3600 } // seconds
const LONGEST_HAND_BACK_S = 30 * 24 * 3600
const UNIT_S = { minute: 60, hour: 3600 }

export type HandBackUnit = 'never' | keyof typeof UNIT_S

export interface AutomationDraft {
  kind: AutomationKind
  name: string
  url: string
  pageId: string
  /** '' leaves the secret that there is: nobody can read it. */
  appSecret: string
  verifyToken: string
  events: EventType[]
  answers: boolean
  answerWithinS: number
  handBack: { unit: HandBackUnit; amount: number }
}

export function newAutomation(): AutomationDraft {
  return {
    kind: 'webhook',
    name: '',
    url: '',
    pageId: '',
    appSecret: '',
    verifyToken: '',
    events: EVENT_GROUPS.flat(),
    answers: false,
    answerWithinS: 60,
    handBack: { unit: 'never', amount: 30 },
  }
}

export function draftOf(automation: Automation): AutomationDraft {
  return {
    ...newAutomation(),
    kind: automation.kind,
    name: automation.name,
    url: automation.url,
    pageId: automation.page_id ?? '',
    events: [...automation.events],
    answers: automation.answers,
    answerWithinS: automation.answer_within_s,
    handBack: handBackOf(automation.hand_back_after_s),
  }
}

function handBackOf(seconds: number | null): AutomationDraft['handBack'] {
  if (seconds === null) return newAutomation().handBack
  const unit = seconds % UNIT_S.hour === 0 ? 'hour' : 'minute'
  return { unit, amount: seconds / UNIT_S[unit] }
}

/** The groups of types that a program of this kind can be told. */
export function eventsOf(kind: AutomationKind): EventType[][] {
  return EVENT_GROUPS.map((group) =>
    group.filter((type) => kind === 'webhook' || OF_MESSENGER.has(type)),
  ).filter((group) => group.length > 0)
}

/** How many minutes or hours there may be at most: 30 days. */
export function mostOf(unit: HandBackUnit): number {
  return unit === 'never' ? 0 : LONGEST_HAND_BACK_S / UNIT_S[unit]
}

export function bodyOf(draft: AutomationDraft): AutomationBody {
  const { unit, amount } = draft.handBack
  const isMessenger = draft.kind === 'messenger'
  const possible = new Set(eventsOf(draft.kind).flat())
  return {
    name: draft.name.trim(),
    url: draft.url.trim(),
    kind: draft.kind,
    events: EVENT_GROUPS.flat().filter((type) => possible.has(type) && draft.events.includes(type)),
    answers: draft.answers,
    answer_within_s: draft.answerWithinS,
    hand_back_after_s: unit === 'never' ? null : Math.round(amount * UNIT_S[unit]),
    page_id: isMessenger ? draft.pageId.trim() || null : null,
    app_secret: isMessenger ? draft.appSecret || null : null,
    verify_token: isMessenger ? draft.verifyToken || null : null,
  }
}

/** Only what differs from what is saved, so that nothing is undone that somebody else did. */
export function changesOf(draft: AutomationDraft, saved: Automation): Partial<AutomationBody> {
  const before = bodyOf(draftOf(saved))
  const after = Object.entries(bodyOf(draft))
  return Object.fromEntries(
    after.filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof AutomationBody]),
    ),
  )
}
