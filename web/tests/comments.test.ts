/** Comments under posts: public or private, hidden or shown, and where a private answer went. */
import { mount } from '@vue/test-utils'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { ref } from 'vue'
import { createI18n } from 'vue-i18n'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Message } from '@/api/types'
import CommentActions from '@/components/CommentActions.vue'
import PostLine from '@/components/PostLine.vue'
import { mergeMessages } from '@/composables/threadMessages'
import { COMMENT_DESK, type CommentDesk } from '@/composables/useCommentDesk'
import { useComposer } from '@/composables/useComposer'
import words from '@/i18n/vi.json'

import { FakeServer, problem, within } from './fakes'
import { aMessage } from './samples'

const POST = 'POST /api/v1/conversations/c1/messages'
const HIDE = 'POST /api/v1/messages/m1/hidden'

function aComment(changes: Partial<Message> = {}, comment: Partial<NonNullable<Message['comment']>> = {}): Message {
  return aMessage({
    comment: {
      post_id: '1_2',
      post_url: 'https://www.facebook.com/1_2',
      private_until: '2099-01-01T00:00:00.000Z',
      private_answer: null,
      ...comment,
    },
    ...changes,
  })
}

function aDesk(changes: Partial<CommentDesk> = {}): CommentDesk {
  return {
    channel: () => 'facebook',
    find: () => undefined,
    privately: vi.fn(),
    changed: vi.fn(),
    failed: vi.fn(),
    ...changes,
  }
}

function show(message: Message, desk: CommentDesk) {
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [{ path: '/inbox/:conversationId?', name: 'inbox', component: { template: '<i />' } }],
  })
  const i18n = createI18n({ locale: 'vi', messages: { vi: words } })
  return mount(CommentActions, {
    props: { message },
    global: { plugins: [router, i18n], provide: { [COMMENT_DESK as symbol]: desk } },
  })
}

describe('a comment', () => {
  let server: FakeServer

  beforeEach(() => {
    localStorage.clear()
    server = new FakeServer().on(POST, () => aMessage({ id: 'm9' })).install()
  })

  test('is hidden, and the answer is shown', async () => {
    server.on(HIDE, () => aComment({ hidden: true }))
    const desk = aDesk()
    await show(aComment(), desk).get('[data-testid="comment-hide"]').trigger('click')

    await vi.waitFor(() => {
      expect(desk.changed).toHaveBeenCalledWith(aComment({ hidden: true }))
    })
    expect(server.bodies).toContainEqual({ hidden: true })
  })

  test('that the platform does not hide says why', async () => {
    server.on(HIDE, () => problem(409, 'moderation_refused', 'Chưa được cấp quyền.'))
    const desk = aDesk()
    await show(aComment(), desk).get('[data-testid="comment-hide"]').trigger('click')

    await vi.waitFor(() => {
      expect(desk.failed).toHaveBeenCalledWith(expect.objectContaining({ message: 'Chưa được cấp quyền.' }))
    })
    expect(desk.changed).not.toHaveBeenCalled()
  })

  test.each([
    ['possible', aComment(), undefined],
    ['over', aComment({}, { private_until: null }), undefined],
    ['over', aComment({}, { private_until: '2020-01-01T00:00:00.000Z' }), undefined],
    ['going', aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c1' } }), 'queued'],
    ['possible', aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c1' } }), 'failed'],
    ['done', aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c1' } }), 'sent'],
    ['done', aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c2' } }), undefined],
    ['none', aComment({ direction: 'out' }), undefined],
  ])('may be answered privately: %s', (expected, comment, status) => {
    const found = status === undefined ? undefined : aMessage({ id: 'a', status })
    const mounted = show(comment, aDesk({ find: () => found }))
    expect(mounted.get('[data-testid="comment-actions"]').attributes('data-private')).toBe(expected)
  })

  test('leads to the inbox of whoever was answered', () => {
    const comment = aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c2' } })
    const link = show(comment, aDesk()).get('[data-testid="comment-private-done"]')
    expect([link.text(), link.attributes('href')]).toEqual(['Đã nhắn riêng', '/inbox/c2#a'])
  })

  test('of ours is taken back only after a second press', async () => {
    server.on('POST /api/v1/messages/m1/removed', () => aComment({ direction: 'out', text: null }))
    const desk = aDesk()
    const actions = show(aComment({ direction: 'out', status: 'sent' }), desk)
    await actions.get('[data-testid="comment-remove"]').trigger('click')
    expect(server.bodies).toEqual([])

    await actions.get('[data-testid="comment-remove-yes"]').trigger('click')
    await vi.waitFor(() => {
      expect(desk.changed).toHaveBeenCalled()
    })
  })

  test('is not changed twice at once', async () => {
    server.on(HIDE, () => aComment({ hidden: true }))
    const desk = aDesk()
    const button = show(aComment(), desk).get('[data-testid="comment-hide"]')
    void button.trigger('click')
    void button.trigger('click')

    await vi.waitFor(() => {
      expect(desk.changed).toHaveBeenCalled()
    })
    expect(server.bodies).toEqual([{ hidden: true }])
  })

  test('is answered privately once, and publicly from then on', async () => {
    const composer = within(() =>
      useComposer({
        conversationId: 'c1',
        author: { id: 's1', name: 'Lan' },
        messages: ref<Message[]>([]),
        taken: () => undefined,
        open: ref(true),
      }),
    )
    composer.answerPrivately(aComment())
    expect(composer.privately.value).toBe(true)
    composer.write('Em chào chị')
    composer.submit()
    expect(composer.privately.value).toBe(false)
    composer.quoteMessage(aComment())
    composer.write('Em nhắn riêng rồi ạ')
    composer.submit()

    await vi.waitFor(() => {
      expect(server.bodies).toHaveLength(2)
    })
    expect(server.bodies).toEqual([
      expect.objectContaining({ private: true, reply_to: 'm1', text: 'Em chào chị' }),
      expect.objectContaining({ private: false, reply_to: 'm1', text: 'Em nhắn riêng rồi ạ' }),
    ])
  })
})

test('a private answer that has gone to the inbox is not in the thread any more', () => {
  const answer = aMessage({ id: 'a', direction: 'out', private: true, at: '2026-11-22T03:01:00.000Z' })
  const before = mergeMessages([aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c1' } })], [answer])
  expect(before.map(({ id }) => id)).toEqual(['m1', 'a'])

  const gone = aComment({}, { private_answer: { message_id: 'a', conversation_id: 'c2' } })
  expect(mergeMessages(before, [gone]).map(({ id }) => id)).toEqual(['m1'])
  expect(mergeMessages([gone], [answer]).map(({ id }) => id)).toEqual(['m1'])
})

test.each([
  ['https://www.facebook.com/1_2', true],
  ['javascript:alert(1)', false],
  [null, false],
])('a post is linked only as a page of the web: %s', (url, linked) => {
  const i18n = createI18n({ locale: 'vi', messages: { vi: words } })
  const line = mount(PostLine, {
    props: { messages: [aComment({}, { post_url: url })] },
    global: { plugins: [i18n] },
  })
  expect(line.find('a').exists()).toBe(linked)
})
