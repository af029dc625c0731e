/** The conversation list: pages, live changes in place, and what belongs to a view. */
import { describe, expect, test, vi } from 'vitest'
import { ref } from 'vue'

import type { ConversationFilter } from '@/api/conversations'
import type { Conversation, View } from '@/api/types'
import { belongs, withPage, withRow } from '@/composables/conversationRows'
import { useConversations } from '@/composables/useConversations'

import { FakeFeed, FakeServer, later, problem, within } from './fakes'
import { aConversation, aFrame, lastAt } from './samples'

const ALL: ConversationFilter = {
  view: 'all',
  channel: null,
  bot_id: null,
  unread: false,
  tags: [],
  q: '',
}
const LIST = 'GET /api/v1/conversations'

const older = aConversation({ id: 'older', ...lastAt('2026-11-22T01:00:00.000Z') })
const newer = aConversation({ id: 'newer', ...lastAt('2026-11-22T02:00:00.000Z') })

function listOf(filter: Partial<ConversationFilter> = {}, openId: string | null = null) {
  const feed = new FakeFeed()
  const chosen = ref({ ...ALL, ...filter })
  const list = within(() =>
    useConversations({
      filter: chosen,
      staffId: () => 'lan',
      openId: () => openId,
      listen: feed.listen,
    }),
  )
  const ids = () => list.rows.value.map(({ id }) => id)
  return { feed, list, ids, filter: chosen }
}

function serverWith(...items: Conversation[]): FakeServer {
  return new FakeServer().on(LIST, () => ({ items, next_cursor: null })).install()
}

describe('the conversation list', () => {
  test('is ready with the first page', async () => {
    serverWith(newer, older)

    const { list, ids } = listOf()

    expect(list.state.value).toBe('loading')
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })
    expect(ids()).toEqual(['newer', 'older'])
  })

  test('moves a conversation to the top with its unread count when a message comes', async () => {
    serverWith(newer, older)
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(
      aFrame({
        conversation_id: 'older',
        data: { conversation: { unread: 1, ...lastAt('2026-11-22T03:00:00.000Z', 'Còn size M?') } },
      }),
    )

    expect(ids()).toEqual(['older', 'newer'])
    expect(list.rows.value[0]).toMatchObject({ unread: 1, last: { text: 'Còn size M?' } })
    expect(list.rows.value[0]?.customer).toEqual(older.customer)
  })

  test('asks for a conversation that it does not hold and puts it in its place', async () => {
    const fresh = aConversation({ id: 'fresh', ...lastAt('2026-11-22T04:00:00.000Z') })
    serverWith(newer, older).on('GET /api/v1/conversations/fresh', () => fresh)
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(aFrame({ conversation_id: 'fresh', data: { conversation: { unread: 1 } } }))

    await vi.waitFor(() => {
      expect(ids()).toEqual(['fresh', 'newer', 'older'])
    })
  })

  test('asks again when the conversation changed while it was being asked for', async () => {
    const first = later<Conversation>()
    const fresh = aConversation({ id: 'fresh', ...lastAt('2026-11-22T04:00:00.000Z') })
    const answers = [first.promise, Promise.resolve({ ...fresh, unread: 2 })]
    serverWith(newer).on('GET /api/v1/conversations/fresh', () => answers.shift())
    const { feed, list } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(aFrame({ conversation_id: 'fresh', data: { conversation: { unread: 1 } } }))
    feed.say(aFrame({ conversation_id: 'fresh', data: { conversation: { unread: 2 } } }))
    first.give({ ...fresh, unread: 1 })

    await vi.waitFor(() => {
      expect(list.rows.value[0]).toMatchObject({ id: 'fresh', unread: 2 })
    })
  })

  test('applies what came while the page was on its way', async () => {
    const page = later<unknown>()
    new FakeServer().on(LIST, () => page.promise).install()
    const { feed, list, ids } = listOf()

    feed.say(
      aFrame({
        conversation_id: 'older',
        data: { conversation: { unread: 1, ...lastAt('2026-11-22T05:00:00.000Z') } },
      }),
    )
    page.give({ items: [newer, older], next_cursor: null })

    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })
    expect(ids()).toEqual(['older', 'newer'])
  })

  test('loses a conversation that is out of sight or out of the view', async () => {
    serverWith(newer, older)
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(aFrame({ type: 'conversation_removed', conversation_id: 'newer' }))
    expect(ids()).toEqual(['older'])
    feed.say(
      aFrame({
        type: 'conversation_changed',
        conversation_id: 'older',
        data: { conversation: { status: 'spam' } },
      }),
    )
    expect(ids()).toEqual([])
  })

  test('reads the name again of a customer that changed', async () => {
    const named = aConversation({ id: 'newer', customer: { id: 'u1', name: 'Ánh', avatar_url: null } })
    serverWith(aConversation({ id: 'newer', customer: { id: 'u1', name: null, avatar_url: null } })).on(
      'GET /api/v1/conversations/newer',
      () => named,
    )
    const { feed, list } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(
      aFrame({
        type: 'customer_changed',
        conversation_id: null,
        data: { customer_id: 'u1', fields: ['name'] },
      }),
    )

    await vi.waitFor(() => {
      expect(list.rows.value[0]?.customer?.name).toBe('Ánh')
    })
  })

  test('is read again on resync, without going blank', async () => {
    const pages = [[newer], [newer, older]]
    new FakeServer().on(LIST, () => ({ items: pages.shift(), next_cursor: null })).install()
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(ids()).toEqual(['newer'])
    })

    feed.say(aFrame({ type: 'resync', conversation_id: null }))

    expect(ids()).toEqual(['newer'])
    expect(list.state.value).toBe('ready')
    await vi.waitFor(() => {
      expect(ids()).toEqual(['newer', 'older'])
    })
  })

  test('reads on resync as many again as were shown, with what the feed said meanwhile', async () => {
    const second = later<unknown>()
    const answers = [
      { items: [newer], next_cursor: 'next' },
      { items: [older], next_cursor: null },
      { items: [newer], next_cursor: 'next' },
      second.promise,
    ]
    const server = new FakeServer().on(LIST, () => answers.shift()).install()
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.more.value).toBe('ready')
    })
    await list.loadMore()

    feed.say(aFrame({ type: 'resync', conversation_id: null }))
    await vi.waitFor(() => {
      expect(server.asked).toHaveLength(4)
    })
    feed.say(aFrame({ conversation_id: 'older', data: { conversation: { unread: 7 } } }))
    second.give({ items: [older], next_cursor: null })

    await vi.waitFor(() => {
      expect(list.more.value).toBe('none')
    })
    expect(ids()).toEqual(['newer', 'older'])
    expect(list.rows.value[1]?.unread).toBe(7)
  })

  test('is read again when somebody gets a tag that it is of', async () => {
    const tagged = { ...older, tags: ['vip'] }
    const answers = [[], [tagged]]
    const server = new FakeServer()
      .on(LIST, () => ({ items: answers.shift(), next_cursor: null }))
      .install()
    const { feed, list, ids } = listOf({ tags: ['vip'] })
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    const data = { customer_id: 'u1', fields: ['tags'] }
    feed.say(aFrame({ type: 'customer_changed', conversation_id: null, data }))

    await vi.waitFor(() => {
      expect(ids()).toEqual(['older'])
    })
    expect(server.asked.every((one) => one.includes('tag=vip'))).toBe(true)
  })

  test('leaves rows as they are that did not change', async () => {
    serverWith(newer, older)
    const { feed, list } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })
    const untouched = list.rows.value[0]

    feed.say(aFrame({ conversation_id: 'older', data: { conversation: { unread: 1 } } }))

    expect(list.rows.value[0]).toBe(untouched)
  })

  test('goes on by the cursor, and tries again after a failure', async () => {
    const answers = [
      { items: [newer], next_cursor: 'next' },
      problem(503, 'unavailable'),
      { items: [older], next_cursor: null },
    ]
    const server = new FakeServer().on(LIST, () => answers.shift()).install()
    const { list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.more.value).toBe('ready')
    })

    await list.loadMore()
    expect(list.more.value).toBe('failed')
    await list.loadMore()

    expect(ids()).toEqual(['newer', 'older'])
    expect(list.more.value).toBe('none')
    expect(server.asked.at(-1)).toContain('cursor=next')
  })

  test('leaves a conversation that stands on a later page to that page', async () => {
    const last = aConversation({ id: 'last', ...lastAt('2026-11-20T00:00:00.000Z') })
    new FakeServer()
      .on(LIST, () => ({ items: [newer, older], next_cursor: 'next' }))
      .on('GET /api/v1/conversations/last', () => last)
      .install()
    const { feed, list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })

    feed.say(aFrame({ conversation_id: 'last', data: { conversation: { read_seq: 3 } } }))
    await vi.waitFor(() => {
      expect(ids()).toEqual(['newer', 'older'])
    })
  })

  test('says that it failed, and is there after another try', async () => {
    const answers: unknown[] = [problem(503, 'unavailable'), { items: [newer], next_cursor: null }]
    new FakeServer().on(LIST, () => answers.shift()).install()
    const { list, ids } = listOf()
    await vi.waitFor(() => {
      expect(list.state.value).toBe('failed')
    })

    await list.reload()

    expect(ids()).toEqual(['newer'])
  })

  test('shows the answer to the latest filter, whichever comes last', async () => {
    const slow = later<unknown>()
    new FakeServer()
      .on(LIST, (_request, url) =>
        url.searchParams.get('view') === 'all'
          ? slow.promise
          : { items: [{ ...older, status: 'spam' }], next_cursor: null },
      )
      .install()
    const { list, ids, filter } = listOf()

    filter.value = { ...ALL, view: 'spam' }
    await vi.waitFor(() => {
      expect(list.state.value).toBe('ready')
    })
    slow.give({ items: [newer], next_cursor: null })
    await slow.promise

    expect(ids()).toEqual(['older'])
  })
})

describe('rows of the list', () => {
  const row = (id: string, hour: number) =>
    aConversation({ id, ...lastAt(`2026-11-22T0${hour}:00:00.000Z`) })
  const names = (rows: readonly Conversation[]) => rows.map(({ id }) => id)

  test('take a row in its place, wherever it was before', () => {
    const rows = [row('c', 3), row('b', 2), row('a', 1)]

    expect(names(withRow(rows, row('new', 4)))).toEqual(['new', 'c', 'b', 'a'])
    expect(names(withRow(rows, row('a', 4)))).toEqual(['a', 'c', 'b'])
    expect(names(withRow(rows, row('c', 0)))).toEqual(['b', 'a', 'c'])
    expect(names(withRow([], row('a', 1)))).toEqual(['a'])
  })

  test('take a page below them, without what is there already', () => {
    const rows = [row('c', 3), row('b', 2)]

    expect(names(withPage(rows, [row('b', 2), row('a', 1)]))).toEqual(['c', 'b', 'a'])
    expect(names(withPage(rows, [row('between', 3)]))).toEqual(['c', 'between', 'b'])
  })
})

describe('a conversation belongs to a view', () => {
  const me = { staffId: 'lan', openId: null }
  const cases: [View, Partial<Conversation>, boolean][] = [
    ['all', {}, true],
    ['all', { status: 'closed' }, true],
    ['all', { status: 'spam' }, false],
    ['all', { last: null }, false],
    ['mine', { assignee: 'lan' }, true],
    ['mine', { assignee: 'hoa' }, false],
    ['unassigned', { assignee: null }, true],
    ['unassigned', { assignee: 'hoa' }, false],
    ['uncared', { waiting_since: '2026-11-22T03:00:00.000Z' }, true],
    ['uncared', { waiting_since: '2026-11-22T03:00:00.000Z', status: 'closed' }, false],
    ['uncared', { waiting_since: null }, false],
    ['inbox', { kind: 'inbox' }, true],
    ['inbox', { kind: 'group' }, false],
    ['comment', { kind: 'comment' }, true],
    ['comment', { kind: 'inbox' }, false],
    ['spam', { status: 'spam' }, true],
    ['spam', { status: 'open' }, false],
    ['deleted', { status: 'deleted' }, true],
  ]
  test.each(cases)('%s %o: %s', (view, changes, expected) => {
    expect(belongs(aConversation(changes), { ...ALL, view }, me)).toBe(expected)
  })

  test('of its channel and its bot only', () => {
    expect(belongs(aConversation(), { ...ALL, channel: 'zalo' }, me)).toBe(false)
    expect(belongs(aConversation(), { ...ALL, bot_id: 'other' }, me)).toBe(false)
  })

  test('of the tags while the customer has one of them', () => {
    const tagged = { ...ALL, tags: ['vip', 'late'] }
    expect(belongs(aConversation({ tags: ['vip'] }), tagged, me)).toBe(true)
    expect(belongs(aConversation({ tags: ['other'] }), tagged, me)).toBe(false)
    expect(belongs(aConversation(), tagged, me)).toBe(false)
  })

  test('of the unread while it is unread, or open before somebody', () => {
    const unread = { ...ALL, unread: true }
    expect(belongs(aConversation({ unread: 1 }), unread, me)).toBe(true)
    expect(belongs(aConversation({ unread: 0 }), unread, me)).toBe(false)
    expect(belongs(aConversation({ unread: 0 }), unread, { ...me, openId: 'c1' })).toBe(true)
  })
})
