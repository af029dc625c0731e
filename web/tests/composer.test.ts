/** Writing to a customer: shown at once, replaced by the truth, and no word is ever lost. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import type { Message } from '@/api/types'
import { useComposer } from '@/composables/useComposer'
import { useThread } from '@/composables/useThread'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aFrame, aMessage } from './samples'

const POST = 'POST /api/v1/conversations/c1/messages'
const TYPING = 'POST /api/v1/conversations/c1/typing'
const PAGE = 'GET /api/v1/conversations/c1/messages'
const LAN = { id: 's1', name: 'Lan' }

interface Posted {
  client_id: string
  text: string | null
  internal: boolean
  reply_to: string | null
}

function openComposer() {
  const messages = ref<Message[]>([])
  const open = ref(true)
  const taken = vi.fn((message: Message) => {
    messages.value = [...messages.value, message]
  })
  const composer = within(() =>
    useComposer({ conversationId: 'c1', author: LAN, messages, taken, open }),
  )
  return { composer, messages, open, taken, said: () => composer.waiting.value.map(({ text }) => text) }
}

function posts(server: FakeServer): Posted[] {
  return server.bodies.filter((body): body is Posted => typeof body === 'object' && body !== null && 'client_id' in body)
}

/** The server's answer to a post. */
async function accepted(request: Request): Promise<Message> {
  const { client_id, text, internal } = (await request.clone().json()) as Posted
  return aMessage({ id: `m-${client_id}`, client_id, text, internal, direction: 'out', status: 'queued' })
}

function enter(changes: KeyboardEventInit = {}): KeyboardEvent {
  return new KeyboardEvent('keydown', { key: 'Enter', cancelable: true, ...changes })
}

describe('the composer', () => {
  let server: FakeServer

  beforeEach(() => {
    localStorage.clear()
    server = new FakeServer().on(POST, accepted).on(TYPING, () => ({})).install()
  })

  test('shows a message at once, and gives way to the answer', async () => {
    const answer = later<Message>()
    server.on(POST, () => answer.promise)
    const { composer, messages, said } = openComposer()
    composer.write('Dạ còn ạ')

    composer.submit()

    expect(said()).toEqual(['Dạ còn ạ'])
    expect(composer.waiting.value[0]?.status).toBe('queued')
    expect(composer.text.value).toBe('')
    await vi.waitFor(() => {
      expect(posts(server)).toHaveLength(1)
    })
    const clientId = posts(server)[0]?.client_id ?? ''
    answer.give(aMessage({ id: 'm9', client_id: clientId, direction: 'out', status: 'queued' }))
    await vi.waitFor(() => {
      expect(said()).toEqual([])
    })
    expect(messages.value.map(({ id }) => id)).toEqual(['m9'])
  })

  test('gives way to the live feed when that is faster', async () => {
    server.on(POST, () => later<Message>().promise)
    const { composer, messages, said } = openComposer()
    composer.write('Dạ còn ạ')
    composer.submit()
    await vi.waitFor(() => {
      expect(posts(server)).toHaveLength(1)
    })

    messages.value = [aMessage({ id: 'm9', client_id: posts(server)[0]?.client_id ?? '', status: 'sent' })]

    expect(said()).toEqual([])
  })

  test('posts in the order of writing', async () => {
    const first = later<Message>()
    server.on(POST, (request) => (posts(server).length === 1 ? first.promise : accepted(request)))
    const { composer, said } = openComposer()
    for (const text of ['một', 'hai']) {
      composer.write(text)
      composer.submit()
    }
    await vi.waitFor(() => {
      expect(posts(server)).toHaveLength(1)
    })
    expect(said()).toEqual(['một', 'hai'])

    first.give(aMessage({ id: 'm1', client_id: posts(server)[0]?.client_id ?? '' }))

    await vi.waitFor(() => {
      expect(posts(server).map(({ text }) => text)).toEqual(['một', 'hai'])
    })
  })

  test('gets its words back when the server refuses them, with the sentence', async () => {
    server.on(POST, () => problem(409, 'window_closed', 'Đã hết thời gian trả lời.'))
    const { composer, said } = openComposer()
    composer.write('Shop gửi ảnh nhé')

    composer.submit()

    await vi.waitFor(() => {
      expect(composer.error.value?.message).toBe('Đã hết thời gian trả lời.')
    })
    expect(composer.text.value).toBe('Shop gửi ảnh nhé')
    expect(said()).toEqual([])
  })

  test('keeps a refused message in the thread rather than mixing it with newer words', async () => {
    const answer = later<Response>()
    server.on(POST, () => answer.promise)
    const { composer, said } = openComposer()
    composer.note.value = true
    composer.write('khách khó tính')
    composer.submit()
    composer.note.value = false
    composer.write('Dạ em chào chị')

    answer.give(problem(422, 'empty_message', 'Không được.'))

    await vi.waitFor(() => {
      expect(composer.waiting.value[0]?.status).toBe('failed')
    })
    expect(said()).toEqual(['khách khó tính'])
    expect(composer.text.value).toBe('Dạ em chào chị')
  })

  test('sends again under the same client id after the network failed', async () => {
    server.on(POST, () => problem(503, 'unavailable'))
    const { composer, said } = openComposer()
    composer.write('Alo')
    composer.submit()
    await vi.waitFor(() => {
      expect(composer.waiting.value[0]?.status).toBe('failed')
    })
    expect(said()).toEqual(['Alo'])

    server.on(POST, accepted)
    await composer.resend(composer.waiting.value[0]?.id ?? '')

    const [first, second] = posts(server)
    expect(second).toEqual(first)
    expect(said()).toEqual([])
  })

  test('still has what was not taken after a reload', async () => {
    server.on(POST, () => problem(503, 'unavailable'))
    const before = openComposer()
    before.composer.write('Alo')
    before.composer.submit()
    await vi.waitFor(() => {
      expect(before.composer.waiting.value[0]?.status).toBe('failed')
    })

    const { composer } = openComposer()

    expect(composer.waiting.value.map(({ text, status }) => [text, status])).toEqual([['Alo', 'failed']])
    server.on(POST, accepted)
    await composer.resend(composer.waiting.value[0]?.id ?? '')
    expect(openComposer().said()).toEqual([])
  })

  test('keeps the draft of a conversation, and that it is a note', () => {
    const { composer } = openComposer()
    composer.note.value = true
    composer.write('gọi lại sau 17h')

    const again = openComposer().composer

    expect([again.text.value, again.note.value]).toEqual(['gọi lại sau 17h', true])
  })

  test('sends with Enter, begins a line with Shift+Enter', () => {
    const { composer, said } = openComposer()
    composer.write('Dạ')

    const line = enter({ shiftKey: true })
    composer.press(line)
    expect(line.defaultPrevented).toBe(false)
    expect(said()).toEqual([])

    const send = enter()
    composer.press(send)
    expect(send.defaultPrevented).toBe(true)
    expect(said()).toEqual(['Dạ'])
  })

  test.each([
    ['the browser says so', { isComposing: true }],
    ['only its key code says so', { keyCode: 229 }],
  ])('does not send while a Vietnamese word is being made: %s', (_how, init) => {
    const { composer, said } = openComposer()
    composer.write('chaof')

    composer.press(enter(init))

    expect(said()).toEqual([])
    expect(composer.text.value).toBe('chaof')
  })

  test('posts a note as internal, stays with notes, and shows no typing', async () => {
    const { composer, open } = openComposer()
    open.value = false
    composer.write('thử')
    expect(composer.submit()).toBe(false)

    composer.note.value = true
    composer.write('khách quen')
    expect(composer.submit()).toBe(true)

    await vi.waitFor(() => {
      expect(posts(server).map(({ text, internal }) => [text, internal])).toEqual([['khách quen', true]])
    })
    expect(composer.note.value).toBe(true)
    expect(server.asked).not.toContain(TYPING)
  })

  test('quotes a message', async () => {
    const { composer } = openComposer()
    composer.quoteMessage(aMessage({ id: 'm7', text: 'còn size L không' }))
    composer.write('Dạ còn')
    composer.submit()

    expect(composer.quote.value).toBeNull()
    await vi.waitFor(() => {
      expect(posts(server)[0]?.reply_to).toBe('m7')
    })
  })

  test('sends nothing that is empty', () => {
    const { composer, said } = openComposer()
    composer.write('  \n ')

    expect(composer.submit()).toBe(false)
    expect(said()).toEqual([])
  })

  test('tells the customer once that somebody is typing', async () => {
    const { composer } = openComposer()
    composer.write('D')
    composer.write('Dạ')
    await nextTick()

    await vi.waitFor(() => {
      expect(server.asked.filter((one) => one === TYPING)).toHaveLength(1)
    })
  })
})

describe('an answer to a request about a message', () => {
  async function aThread(message: Message) {
    new FakeServer().on(PAGE, () => ({ items: [message], next_cursor: null })).install()
    const feed = new FakeFeed()
    const thread = within(() => useThread({ conversationId: 'c1', listen: feed.listen }))
    await vi.waitFor(() => {
      expect(thread.state.value).toBe('ready')
    })
    return { feed, thread, status: () => thread.messages.value.find(({ id }) => id === message.id)?.status }
  }

  test('changes it where it stands', async () => {
    const failed = aMessage({ direction: 'out', status: 'failed' })
    const { thread, status } = await aThread(failed)

    thread.answered({ ...failed, status: 'queued' }, failed)

    expect(status()).toBe('queued')
  })

  test('does not undo what the feed said meanwhile', async () => {
    const failed = aMessage({ direction: 'out', status: 'failed' })
    const { feed, thread, status } = await aThread(failed)
    feed.say(aFrame({ type: 'message_changed', data: { message: { ...failed, status: 'sent' } } }))

    thread.answered({ ...failed, status: 'queued' }, failed)

    expect(status()).toBe('sent')
  })
})
