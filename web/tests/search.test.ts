/** The search: customers and messages of what is typed, the newest answer alone, and the keys. */
import { describe, expect, test, vi } from 'vitest'
import { nextTick, ref } from 'vue'

import type { Found } from '@/api/search'
import { useSearch } from '@/composables/useSearch'

import { FakeServer, later, problem, within } from './fakes'

const SEARCH = 'GET /api/v1/search'
const snippet = { text: 'áo đỏ', highlights: [{ start: 0, end: 2 }] }

function aCustomer(id: string): Found {
  return { kind: 'customer', id, name: id, channels: ['zalo'], conversation_id: 'c', snippet }
}

function aMessage(id: string): Found {
  return {
    kind: 'message', id, conversation_id: 'c', bot_id: 'b', channel: 'zalo', customer_id: 'mai',
    customer_name: 'Mai', author: 'customer', at: '2026-11-22T01:00:00.000Z', snippet,
  }
}

function page(items: Found[], next_cursor: string | null = null, partial = false) {
  return { items, next_cursor, partial }
}

describe('the search', () => {
  test('shows customers before messages, and steps through both', async () => {
    new FakeServer()
      .on(SEARCH, (_, url) =>
        page(url.searchParams.get('kind') === 'customers' ? [aCustomer('mai')] : [aMessage('m')]),
      )
      .install()

    const search = within(() => useSearch(ref('ao'), () => null))
    await vi.waitFor(() => {
      expect(search.state.value).toBe('ready')
    })

    expect(search.found.value.map(({ id }) => id)).toEqual(['mai', 'm'])
    expect(search.chosen.value).toBeNull()
    search.step(1)
    search.step(1)
    search.step(1)
    expect(search.chosen.value?.id).toBe('m')
    search.step(-1)
    search.step(-1)
    search.step(-1)
    expect(search.chosen.value).toBeNull()
  })

  test('does not let a slow answer replace that of newer words', async () => {
    const slow = later<unknown>()
    new FakeServer()
      .on(SEARCH, (_, url) =>
        url.searchParams.get('q') === 'cu' ? slow.promise : page([aMessage('new')]),
      )
      .install()
    const query = ref('cu')
    const search = within(() => useSearch(query, () => null))

    query.value = 'moi'
    await vi.waitFor(() => {
      expect(search.state.value).toBe('ready')
    })
    slow.give(page([aMessage('old')]))
    await nextTick()

    expect(search.found.value.every(({ id }) => id === 'new')).toBe(true)
  })

  test('asks for nothing while there is but one letter, in the chosen bot otherwise', async () => {
    const server = new FakeServer().on(SEARCH, () => page([])).install()
    const query = ref('a')
    const search = within(() => useSearch(query, () => 'bot1'))
    expect(search.state.value).toBe('off')
    expect(server.asked).toEqual([])

    query.value = 'ao'
    await vi.waitFor(() => {
      expect(search.state.value).toBe('ready')
    })

    expect(server.asked).toHaveLength(2)
    expect(server.asked.every((one) => one.includes('bot_id=bot1'))).toBe(true)
  })

  test('goes on with the messages after those that are shown', async () => {
    new FakeServer()
      .on(SEARCH, (_, url) => {
        if (url.searchParams.get('kind') === 'customers') return page([])
        return url.searchParams.has('cursor')
          ? page([aMessage('second')])
          : page([aMessage('first')], 'next', true)
      })
      .install()
    const search = within(() => useSearch(ref('ao'), () => null))
    await vi.waitFor(() => {
      expect(search.state.value).toBe('ready')
    })
    expect(search.partial.value).toBe(true)

    await search.loadMore()

    expect(search.found.value.map(({ id }) => id)).toEqual(['first', 'second'])
    expect([search.more.value, search.partial.value]).toEqual([null, false])
  })

  test('says that it failed', async () => {
    new FakeServer().on(SEARCH, () => problem(503, 'unavailable')).install()

    const search = within(() => useSearch(ref('ao'), () => null))

    await vi.waitFor(() => {
      expect(search.state.value).toBe('failed')
    })
  })
})
