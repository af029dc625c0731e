/** The embedded sidebar hears the page around it, if it may, and the last wish counts. */
import { flushPromises } from '@vue/test-utils'
import { expect, test, vi } from 'vitest'

import { CHATWOOT_FETCH, type HostWindow, listenToHost, READY, type Wish, wishOf } from '@/embedding/host'
import { useSelection } from '@/composables/useSelection'

import { FakeServer, later, problem, within } from './fakes'

const HOST = 'https://crm.shop.vn'
const LOCATE = 'POST /api/v1/customers/locate'

function conversation(id: string) {
  return `GET /api/v1/conversations/${id}`
}

test.each<[string, unknown, Wish | null]>([
  [
    'our own message with a conversation',
    { type: 'chat-inbox:select', conversation_id: 'c1' },
    { kind: 'conversation', id: 'c1' },
  ],
  ['with a customer', { type: 'chat-inbox:select', customer_id: 'k1' }, { kind: 'customer', id: 'k1' }],
  ['with neither', { type: 'chat-inbox:select' }, null],
  ['with a number', { type: 'chat-inbox:select', conversation_id: 7 }, null],
  [
    "Chatwoot's context, which is a text",
    JSON.stringify({
      event: 'appContext',
      data: {
        conversation: { id: 12, messages: [{ content: 'secret' }] },
        contact: { id: 7, name: 'Hoa', phone_number: '+84912345678', email: null, identifier: 'crm-7' },
        currentAgent: { id: 1, email: 'lan@shop.vn' },
      },
    }),
    { kind: 'contact', identifier: 'crm-7', phone: '+84912345678', email: null },
  ],
  ['a context without a contact', { event: 'appContext', data: {} }, null],
  ['a text of somebody else', 'webpackHotUpdate', null],
  ['JSON of nothing', 'null', null],
  ['an endless id', { type: 'chat-inbox:select', customer_id: 'k'.repeat(5000) }, null],
])('reads %s', (_, data, wish) => {
  expect(wishOf(data)).toEqual(wish)
})

function host() {
  const posted: unknown[] = []
  const listeners = new Set<(event: MessageEvent) => void>()
  const parent = {
    postMessage: (message: unknown) => {
      posted.push(message)
    },
  }
  const here: HostWindow = {
    parent,
    addEventListener: (_, listener) => listeners.add(listener),
    removeEventListener: (_, listener) => listeners.delete(listener),
  }
  const say = (data: unknown, origin: string, source: unknown = parent) => {
    listeners.forEach((listener) => {
      listener({ data, origin, source } as unknown as MessageEvent)
    })
  }
  return { here, posted, say }
}

test('says that it is ready, and asks as a Chatwoot app does', () => {
  const { here, posted } = host()
  listenToHost(here, [HOST], () => undefined)
  expect(posted).toEqual([READY, CHATWOOT_FETCH])
})

test('hears the page around it alone, and of the allowed origins alone', () => {
  const { here, say } = host()
  const heard = vi.fn()
  const stop = listenToHost(here, [HOST], heard)
  const select = { type: 'chat-inbox:select', customer_id: 'k1' }

  say(select, 'https://evil.example')
  say(select, 'https://crm.shop.vn.evil.example')
  say(select, 'null')
  say(select, HOST, { postMessage: () => undefined }) // another frame of the same page
  expect(heard).not.toHaveBeenCalled()
  say(select, HOST)
  stop()
  say(select, HOST)

  expect(heard.mock.calls).toEqual([[{ kind: 'customer', id: 'k1' }]])
})

test('shows the newest conversation of whom the server finds by contact data', async () => {
  const server = new FakeServer()
    .on(LOCATE, () => ({ customer_id: 'k1', conversation_id: 'c9' }))
    .on(conversation('c9'), () => ({ id: 'c9', channel: 'zalo', customer: { id: 'k1' } }))
    .install()
  const { shown, state, select } = within(useSelection)

  await select({ kind: 'contact', identifier: null, phone: '0912345678', email: null })

  expect(state.value).toBe('shown')
  expect(shown.value).toEqual({ conversationId: 'c9', customerId: 'k1', channel: 'zalo' })
  expect(server.bodies).toEqual([{ identifier: null, phone: '0912345678', email: null }])
})

test('says so when there is nobody, or nobody whom one may see', async () => {
  new FakeServer()
    .on(LOCATE, () => ({ customer_id: null, conversation_id: null }))
    .on(conversation('c1'), () => problem(403, 'not_allowed'))
    .on(conversation('c2'), () => problem(503, 'unavailable'))
    .install()
  const { shown, state, select } = within(useSelection)

  await select({ kind: 'customer', id: 'k1' })
  expect(state.value).toBe('unknown')
  await select({ kind: 'conversation', id: 'c1' })
  expect([state.value, shown.value]).toEqual(['unknown', null])
  await select({ kind: 'conversation', id: 'c2' })
  expect(state.value).toBe('failed')
})

test('an answer that comes late does not replace a later wish', async () => {
  const first = later<unknown>()
  new FakeServer()
    .on(conversation('c1'), () => first.promise)
    .on(conversation('c2'), () => ({ id: 'c2', channel: 'zalo', customer: null }))
    .install()
  const { shown, select } = within(useSelection)

  const slow = select({ kind: 'conversation', id: 'c1' })
  await select({ kind: 'conversation', id: 'c2' })
  first.give({ id: 'c1', channel: 'zalo', customer: null })
  await slow
  await flushPromises()

  expect(shown.value?.conversationId).toBe('c2')
})
