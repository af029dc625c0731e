/** The timeline: pages, one kind at a time, and what a row says. */
import { flushPromises, mount } from '@vue/test-utils'
import { describe, expect, test } from 'vitest'
import { ref } from 'vue'

import type { Interaction } from '@/api/types'
import TimelineRow from '@/components/timeline/TimelineRow.vue'
import { useTimeline } from '@/composables/useTimeline'
import { i18n } from '@/i18n'

import { FakeFeed, FakeServer, within } from './fakes'
import { aFrame } from './samples'

const TIMELINE = 'GET /api/v1/customers/u1/timeline'

function aRow(id: string, changes: Partial<Interaction> = {}): Interaction {
  return {
    id,
    type: 'edited',
    at: '2026-11-22T03:00:00.000Z',
    conversation_id: null,
    actor_id: 's1',
    ref: null,
    data: {},
    ...changes,
  }
}

describe('the timeline', () => {
  test('reads on, shows what is new, and keeps the pages that were read', async () => {
    let newest = [aRow('4'), aRow('3')]
    const server = new FakeServer()
      .on(TIMELINE, (_, { searchParams }) =>
        searchParams.has('cursor')
          ? { items: [aRow('2'), aRow('1')], next_cursor: null }
          : { items: newest, next_cursor: 'next' },
      )
      .install()
    const feed = new FakeFeed()
    const types = ref<string[]>([])
    const timeline = within(() => useTimeline({ customerId: 'u1', types, listen: feed.listen }))
    await flushPromises()
    await timeline.loadMore()
    const ids = () => timeline.rows.value.map(({ id }) => id).join('')
    expect(ids()).toBe('4321')

    newest = [aRow('5'), aRow('4')]
    feed.say(aFrame({ type: 'customer_changed', data: { customer_id: 'u1' } }))
    await flushPromises()
    expect(ids()).toBe('54321')
    expect(timeline.more.value).toBe('none')

    types.value = ['tag_added', 'tag_removed']
    await flushPromises()
    expect(server.asked.at(-1)).toContain('type=tag_added&type=tag_removed')
    expect(ids()).toBe('54')
  })
})

describe('a row', () => {
  const nameOf = (id: string | null) => (id === 's1' ? 'Lan' : null)
  const shown = (row: Interaction) =>
    mount(TimelineRow, { props: { row, title: 'Sửa thông tin', nameOf }, global: { plugins: [i18n] } })
  const said = (row: Interaction) => shown(row).findAll('.detail').map((detail) => detail.text())

  test.each<[Partial<Interaction>, string[]]>([
    [
      { data: { before: { phones: [] }, after: { phones: ['+84912345678'] } } },
      ['Số điện thoại: (trống) → 0912 345 678'],
    ],
    [
      { data: { before: { note: 'cũ', followers: [] }, after: { note: '', followers: ['s1'] } } },
      ['Ghi chú: cũ → (trống)', 'Người theo dõi: (trống) → Lan'],
    ],
    [{ type: 'status_changed', data: { before: 'open', after: 'spam' } }, ['Trạng thái: Đang mở → Spam']],
    [{ type: 'tag_added', data: { tag_id: 't', name: 'VIP' } }, ['VIP']],
    [
      {
        type: 'crm_conflict',
        actor_id: 'crm:shop',
        data: {
          field: 'phones',
          winner: 'inbox',
          kept: ['+84912345678'],
          lost: '+84987654321',
          connection: 'shop',
        },
      },
      [
        'Số điện thoại: giữ giá trị sửa ở hộp thư, không lấy của CRM shop',
        'Đã giữ: 0912 345 678',
        'Đã bỏ: 0987 654 321',
      ],
    ],
    [
      {
        type: 'crm_conflict',
        data: { field: 'owner', winner: 'crm', kept: null, lost: 's1', connection: 'shop' },
      },
      [
        'Phụ trách khách hàng: lấy giá trị sửa ở CRM shop, thay cho của hộp thư',
        'Đã giữ: (trống)',
        'Đã bỏ: Lan',
      ],
    ],
    [{ type: 'something_new', data: null }, []],
    [{ data: 'not an object' }, []],
  ])('of %j says %j', (changes, wanted) => {
    new FakeServer().install()
    expect(said(aRow('1', changes))).toEqual(wanted)
  })

  test.each([
    ['s1', 'Lan · '],
    ['crm:shop', 'CRM shop · '],
    ['s9', ''],
    [null, ''],
  ])('by %s is by "%s"', (actor, words) => {
    new FakeServer().install()
    const row = aRow('1', { actor_id: actor, data: { before: { note: '' }, after: { note: 'mới' } } })
    const when = shown(row).get('.when')
    expect(when.text().replace(when.get('time').text(), '')).toBe(words)
  })
})
