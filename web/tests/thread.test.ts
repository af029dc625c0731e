/** The open thread: one message per id, in order, live, older, and around a jump. */
import { describe, expect, test, vi } from 'vitest'

import type { Message } from '@/api/types'
import { highestSeq, mergeMessages } from '@/composables/threadMessages'
import { authorLabel, threadRows } from '@/composables/threadRows'
import { useThread } from '@/composables/useThread'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aFrame, aMessage } from './samples'

const MESSAGES = 'GET /api/v1/conversations/c1/messages'

/** The n-th message, sent in minute n. */
function numbered(seq: number, changes: Partial<Message> = {}): Message {
  const at = `2026-11-22T03:${String(seq).padStart(2, '0')}:00.000Z`
  return aMessage({ id: `m${seq}`, seq, at, ...changes })
}

function page(items: Message[], next: string | null = null, previous: string | null = null) {
  return { items, next_cursor: next, previous_cursor: previous }
}

function openThread() {
  const feed = new FakeFeed()
  const thread = within(() => useThread({ conversationId: 'c1', listen: feed.listen }))
  const ids = () => thread.messages.value.map(({ id }) => id)
  const ready = () =>
    vi.waitFor(() => {
      expect(thread.state.value).toBe('ready')
    })
  return { feed, thread, ids, ready }
}

describe('merging messages', () => {
  test('orders by time, then by number', () => {
    const same = '2026-11-22T03:00:00.000Z'
    const merged = mergeMessages(
      [aMessage({ id: 'c', seq: 3, at: same }), aMessage({ id: 'a', seq: 1, at: same })],
      [
        aMessage({ id: 'late', seq: 4, at: '2026-11-22T02:59:59.999Z' }),
        aMessage({ id: 'b', seq: 2, at: same }),
      ],
    )

    expect(merged.map(({ id }) => id)).toEqual(['late', 'a', 'b', 'c'])
  })

  test('keeps one of each, the later version', () => {
    const merged = mergeMessages([numbered(1)], [numbered(1, { text: 'đã sửa' }), numbered(2)])

    expect(merged.map(({ text }) => text)).toEqual(['đã sửa', 'Shop ơi'])
  })

  test('knows how far it can be marked read, also when a late message is on top', () => {
    expect(highestSeq([numbered(7), numbered(2)])).toBe(7)
    expect(highestSeq([])).toBe(0)
  })
})

describe('the open thread', () => {
  test('shows a page oldest first and adds a live message below', async () => {
    new FakeServer().on(MESSAGES, () => page([numbered(2), numbered(1)])).install()
    const { feed, ids, ready } = openThread()
    await ready()

    feed.say(aFrame({ data: { message: numbered(3) } }))
    feed.say(aFrame({ data: { message: numbered(3) } }))

    expect(ids()).toEqual(['m1', 'm2', 'm3'])
  })

  test('keeps the older pages it shows when the newest is read anew, and what came meanwhile', async () => {
    let newest = page([numbered(4), numbered(3)], 'older')
    new FakeServer()
      .on(MESSAGES, (_, url) =>
        url.searchParams.get('cursor') === 'older' ? page([numbered(2), numbered(1)]) : newest,
      )
      .install()
    const { feed, thread, ids, ready } = openThread()
    await ready()
    await thread.loadOlder()
    newest = page([numbered(5), numbered(4)], 'another place')

    feed.say(aFrame({ type: 'resync' }))

    await vi.waitFor(() => {
      expect(ids()).toEqual(['m1', 'm2', 'm3', 'm4', 'm5'])
    })
    expect(thread.older.value).toBe('none')
  })

  test('is read once more by itself when that failed, and says so when nothing is there yet', async () => {
    vi.useFakeTimers()
    let works = true
    let asked = 0
    new FakeServer()
      .on(MESSAGES, () => {
        asked += 1
        return works ? page([numbered(asked)]) : problem(502, 'bad_gateway')
      })
      .install()
    const { feed, thread, ids } = openThread()
    await vi.advanceTimersByTimeAsync(0)
    works = false
    feed.say(aFrame({ type: 'resync' }))
    await vi.advanceTimersByTimeAsync(0)
    expect(thread.state.value).toBe('ready')

    works = true
    await vi.advanceTimersByTimeAsync(6_000)
    expect(ids()).toEqual(['m3'])
    vi.useRealTimers()
  })

  test('that could not be read at first, nor after a resync, offers another try', async () => {
    new FakeServer().on(MESSAGES, () => problem(502, 'bad_gateway')).install()
    const { feed, thread } = openThread()
    feed.say(aFrame({ type: 'resync' }))

    await vi.waitFor(() => {
      expect(thread.state.value).toBe('failed')
    })
  })

  test('does not take messages of other conversations', async () => {
    new FakeServer().on(MESSAGES, () => page([numbered(1)])).install()
    const { feed, ids, ready } = openThread()
    await ready()

    feed.say(aFrame({ conversation_id: 'c2', data: { message: numbered(9) } }))

    expect(ids()).toEqual(['m1'])
  })

  test('changes a message in its place', async () => {
    new FakeServer().on(MESSAGES, () => page([numbered(2), numbered(1)])).install()
    const { feed, thread, ready } = openThread()
    await ready()

    const removed = numbered(1, { text: null, removed_at: '2026-11-22T04:00:00.000Z' })
    feed.say(aFrame({ type: 'message_changed', data: { message: removed } }))

    expect(thread.messages.value.map(({ removed_at }) => removed_at !== null)).toEqual([true, false])
  })

  test('keeps what came while the page was on its way', async () => {
    const answer = later<unknown>()
    new FakeServer().on(MESSAGES, () => answer.promise).install()
    const { feed, ids, ready } = openThread()

    feed.say(aFrame({ data: { message: numbered(2) } }))
    answer.give(page([numbered(1)]))
    await ready()

    expect(ids()).toEqual(['m1', 'm2'])
  })

  test('puts older messages above, and tries again after a failure', async () => {
    const answers = [
      page([numbered(3)], 'older'),
      problem(503, 'unavailable'),
      page([numbered(2), numbered(1)]),
    ]
    const server = new FakeServer().on(MESSAGES, () => answers.shift()).install()
    const { thread, ids, ready } = openThread()
    await ready()

    await thread.loadOlder()
    expect(thread.older.value).toBe('failed')
    await thread.loadOlder()

    expect(ids()).toEqual(['m1', 'm2', 'm3'])
    expect(thread.older.value).toBe('none')
    expect(server.asked.at(-1)).toContain('cursor=older')
  })

  test('is read again on resync, in place', async () => {
    const answers = [page([numbered(1)]), page([numbered(3), numbered(2), numbered(1)])]
    new FakeServer().on(MESSAGES, () => answers.shift()).install()
    const { feed, thread, ids, ready } = openThread()
    await ready()

    feed.say(aFrame({ type: 'resync', conversation_id: null }))

    expect(thread.state.value).toBe('ready')
    await vi.waitFor(() => {
      expect(ids()).toEqual(['m1', 'm2', 'm3'])
    })
  })

  test('jumps into the past, leaves no gap, and comes back to the newest', async () => {
    new FakeServer()
      .on(MESSAGES, (_request, { searchParams }) => {
        if (searchParams.get('around') === 'm2') return page([numbered(3), numbered(2)], 'older', 'newer')
        if (searchParams.get('cursor') === 'newer') return page([numbered(9), numbered(4)], null, null)
        return page([numbered(9)], 'older')
      })
      .install()
    const { feed, thread, ids, ready } = openThread()
    await ready()

    await thread.reach('m2')
    expect(ids()).toEqual(['m2', 'm3'])
    expect(thread.atLatest.value).toBe(false)
    feed.say(aFrame({ data: { message: numbered(10) } }))
    expect(ids()).toEqual(['m2', 'm3'])
    await thread.loadNewer()

    expect(ids()).toEqual(['m2', 'm3', 'm4', 'm9', 'm10'])
    expect(thread.atLatest.value).toBe(true)
  })

  test('does not read anything to reach a message that is there', async () => {
    const server = new FakeServer().on(MESSAGES, () => page([numbered(1)])).install()
    const { thread, ready } = openThread()
    await ready()

    await thread.reach('m1')

    expect(server.asked).toHaveLength(1)
  })

  test('says that it failed, and is there after another try', async () => {
    const answers: unknown[] = [problem(503, 'unavailable'), page([numbered(1)])]
    new FakeServer().on(MESSAGES, () => answers.shift()).install()
    const { thread, ids } = openThread()
    await vi.waitFor(() => {
      expect(thread.state.value).toBe('failed')
    })

    await thread.retry()

    expect(ids()).toEqual(['m1'])
  })
})

describe('rows of a thread', () => {
  test('begin a day and a block', () => {
    const rows = threadRows([
      aMessage({ id: 'yesterday', at: '2026-11-21T03:00:00.000Z' }),
      aMessage({ id: 'first', at: '2026-11-22T03:00:00.000Z' }),
      aMessage({ id: 'second', at: '2026-11-22T03:01:00.000Z' }),
      aMessage({ id: 'much later', at: '2026-11-22T04:00:00.000Z' }),
    ])

    expect(rows.map(({ newDay, first, last }) => [newDay, first, last])).toEqual([
      [true, true, true],
      [true, true, false],
      [false, false, true],
      [false, true, true],
    ])
  })

  test('take a live message of the customer, which names nobody, into the block', () => {
    const live = numbered(2, { author: { kind: 'customer', id: null, name: null } })

    expect(threadRows([numbered(1), live]).map(({ first }) => first)).toEqual([true, false])
  })

  test.each([
    ['a private customer', { kind: 'customer', id: 'u1', name: 'Ánh' }, 'inbox', null],
    ['a commenter', { kind: 'customer', id: 'u1', name: 'Ánh' }, 'comment', { name: 'Ánh' }],
    ['a nameless commenter', { kind: 'customer', id: 'u1', name: null }, 'comment', { key: 'author.unnamed' }],
    ['staff', { kind: 'staff', id: 's1', name: 'Lan' }, 'inbox', { name: 'Lan' }],
    ['staff outside', { kind: 'staff', id: null, name: 'x' }, 'inbox', { key: 'author.outside' }],
    ['a script', { kind: 'script', id: 's1', name: 'Chăm sóc' }, 'inbox', { key: 'author.scriptNamed', name: 'Chăm sóc' }],
    ['automation', { kind: 'automation', id: null, name: null }, 'inbox', { key: 'author.automation' }],
    ['a named automation', { kind: 'automation', id: 'a1', name: 'Trợ lý' }, 'inbox', { key: 'author.automationNamed', name: 'Trợ lý' }],
  ] as const)('name %s', (_case, author, kind, label) => {
    expect(authorLabel(aMessage({ author }), kind)).toEqual(label)
  })
})
