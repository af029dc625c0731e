/** Notices: live, in the language of the page, and of the open conversation's account alone. */
import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createI18n } from 'vue-i18n'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Notice } from '@/api/types'
import NoticeBar from '@/components/NoticeBar.vue'
import { useNoticeFeed } from '@/composables/useNotices'
import english from '@/i18n/en.json'
import vietnamese from '@/i18n/vi.json'

import { FakeFeed, FakeServer, problem, within } from './fakes'

const NOTICES = 'GET /api/v1/notices'

function aNotice(changes: Partial<Notice> = {}): Notice {
  return {
    kind: 'account_reauth',
    level: 'error',
    text: { vi: 'Hãy kết nối lại tài khoản.', en: 'Connect the account again.' },
    account: {
      id: 'k1',
      bot_id: 'b1',
      channel: 'facebook',
      account_id: '1001',
      name: 'Trang Áo Khoác',
    },
    channel: 'facebook',
    reason: 'token_dead',
    held_messages: 3,
    since: '2026-11-22T03:00:00Z',
    ends_at: null,
    ...changes,
  }
}

function bar(notices: Notice[], locale: 'vi' | 'en' = 'vi') {
  const i18n = createI18n({
    legacy: false,
    locale,
    messages: { vi: vietnamese, en: english },
  })
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/', component: { template: '<i />' } }],
  })
  return mount(NoticeBar, { props: { notices }, global: { plugins: [i18n, router] } })
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

test('says what is wrong with which account, and how much waits', () => {
  const text = bar([aNotice()]).text()

  expect(text).toContain('Trang Áo Khoác')
  expect(text).toContain('Hãy kết nối lại tài khoản.')
  expect(text).toContain('3 tin đang chờ gửi')
})

test('speaks English too, with the day on which a token ends', () => {
  const text = bar(
    [aNotice({ level: 'warning', held_messages: 1, ends_at: '2026-12-01T03:00:00Z' })],
    'en',
  ).text()

  expect(text).toContain('Connect the account again.')
  expect(text).toContain('Waiting to be sent: 1')
  expect(text).toContain('Dec 1, 2026')
})

test('is nothing when there is nothing to say', () => {
  expect(bar([]).find('[data-testid="notices"]').exists()).toBe(false)
})

test('folds many notices away, and shows them when asked', async () => {
  const many = ['a', 'b', 'c', 'd'].map((id) =>
    aNotice({ account: { id, bot_id: 'b1', channel: 'zalo', account_id: id, name: `OA ${id}` } }),
  )
  const shown = bar(many)
  expect(shown.findAll('li')).toHaveLength(2)
  const button = shown.get('button')
  expect(button.attributes('aria-expanded')).toBe('false')

  await button.trigger('click')

  expect(shown.findAll('li')).toHaveLength(4)
  expect(button.attributes('aria-expanded')).toBe('true')
})

test('is asked for again when a bot changes, once for changes that come together', async () => {
  const feed = new FakeFeed()
  let told: Notice[] = []
  const server = new FakeServer()
    .on(NOTICES, () => ({ items: told, next_cursor: null }))
    .install()
  const notices = within(() => useNoticeFeed({ listen: feed.listen }))
  await flushPromises()
  expect(notices.value).toEqual([])

  told = [aNotice()]
  for (const type of ['bot_changed', 'bot_changed', 'message_received'] as const) {
    feed.say({ id: '1', type, at: null, conversation_id: null, data: {} })
  }
  await vi.advanceTimersByTimeAsync(1000)

  expect(notices.value).toEqual(told)
  expect(server.asked).toHaveLength(2)
})

test('a server that does not answer leaves what is shown', async () => {
  const feed = new FakeFeed()
  let fails = false
  new FakeServer()
    .on(NOTICES, () => (fails ? problem(503, 'unavailable') : { items: [aNotice()] }))
    .install()
  const notices = within(() => useNoticeFeed({ listen: feed.listen }))
  await flushPromises()

  fails = true
  feed.say({ id: '1', type: 'resync', at: null, conversation_id: null, data: {} })
  await vi.advanceTimersByTimeAsync(1000)

  expect(notices.value).toHaveLength(1)
})
