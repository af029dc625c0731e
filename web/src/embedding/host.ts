/** What the page around our frame may say, and what it is told (docs/embedding.md). */

export const READY = { type: 'chat-inbox:ready' } as const
/** Chatwoot's dashboard apps ask for the open conversation with this very text. */
export const CHATWOOT_FETCH = 'chatwoot-dashboard-app:fetch-info'

const LONGEST = 320

/** Whom to show; of a contact every value may be missing. */
export type Wish =
  | { kind: 'conversation'; id: string }
  | { kind: 'customer'; id: string }
  | { kind: 'contact'; identifier: string | null; phone: string | null; email: string | null }

/** What a message asks for; null for every other message. Nothing but ids and contact data is read. */
export function wishOf(data: unknown): Wish | null {
  const said = record(typeof data === 'string' ? parsed(data) : data)
  if (said === null) return null
  if (said['type'] === 'chat-inbox:select') return selected(said)
  return said['event'] === 'appContext' ? contact(said) : null
}

export interface HostWindow {
  parent: Pick<Window, 'postMessage'>
  addEventListener: (type: 'message', listener: (event: MessageEvent) => void) => void
  removeEventListener: (type: 'message', listener: (event: MessageEvent) => void) => void
}

/**
 * Says that we are ready, and hears wishes of the page around us when its origin is among `origins`.
 * The function that is given back ends it.
 */
export function listenToHost(
  here: HostWindow,
  origins: readonly string[],
  onWish: (wish: Wish) => void,
): () => void {
  const hear = (event: MessageEvent): void => {
    if (event.source !== here.parent || !origins.includes(event.origin)) return
    const wish = wishOf(event.data)
    if (wish !== null) onWish(wish)
  }
  here.addEventListener('message', hear)
  // Neither tells anything, so it does not matter who is around us; who may be, the header says.
  here.parent.postMessage(READY, '*')
  here.parent.postMessage(CHATWOOT_FETCH, '*')
  return () => {
    here.removeEventListener('message', hear)
  }
}

function selected(said: Record<string, unknown>): Wish | null {
  const conversation = text(said['conversation_id'])
  if (conversation !== null) return { kind: 'conversation', id: conversation }
  const customer = text(said['customer_id'])
  return customer === null ? null : { kind: 'customer', id: customer }
}

function contact(said: Record<string, unknown>): Wish | null {
  const person = record(record(said['data'])?.['contact'])
  if (person === null) return null
  const [identifier, phone, email] = ['identifier', 'phone_number', 'email'].map((name) =>
    text(person[name]),
  )
  return {
    kind: 'contact',
    identifier: identifier ?? null,
    phone: phone ?? null,
    email: email ?? null,
  }
}

function parsed(said: string): unknown {
  try {
    return JSON.parse(said)
  } catch {
    return null // other scripts of the page talk to each other in the same way
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST ? value : null
}
