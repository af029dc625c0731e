/** The audit log in words: sentences, what was changed, and what is looked for. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, test } from 'vitest'
import { computed, ref } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { AuditEntry, AuditFilter } from '@/api/audit'
import { ACTIONS, KNOWN_ACTIONS } from '@/components/audit/actions'
import AuditRow from '@/components/audit/AuditRow.vue'
import { useAudit } from '@/composables/useAudit'
import { useAuditNames } from '@/composables/useAuditNames'
import { useAuditWords } from '@/composables/useAuditWords'
import { i18n } from '@/i18n'
import en from '@/i18n/en.json'
import vi from '@/i18n/vi.json'
import { auditChanges } from '@/text/auditChanges'

import { FakeServer, problem, within } from './fakes'

const page = { template: '<i />' }
const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/', component: page }] })
const NAMES = new Map<string, string>([['s1', 'Vũ Ngọc Lan'], ['s2', 'Lê Thị Hoa']])

function anEntry(changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    id: 'e1',
    at: '2026-11-22T03:00:00Z',
    actor_id: 's2',
    actor_name: 'Lê Thị Hoa',
    address: '203.0.113.7',
    action: 'staff_edited',
    target_kind: 'staff',
    target_id: 's1',
    changes: {},
    ...changes,
  }
}

function nameOf(id: string): string | null {
  return NAMES.get(id) ?? null
}

/** The lines below a sentence. */
function linesOf(changes: Record<string, unknown>): string[] {
  new FakeServer().on('GET /api/v1/attributes', () => ({ items: [] })).install()
  let lines: string[] = []
  mount(
    {
      setup() {
        const { lineOf } = useAuditWords(nameOf)
        lines = auditChanges(changes).map(lineOf)
        return () => null
      },
    },
    { global: { plugins: [i18n] } },
  )
  return lines
}

function rowOf(entry: AuditEntry, target: string | null) {
  return mount(AuditRow, {
    props: { entry, target, lineOf: () => '' },
    global: { plugins: [i18n, router] },
  })
}

beforeEach(() => {
  i18n.global.locale.value = 'vi'
})

test('every action has a sentence and a name in both languages', () => {
  for (const { audit } of [vi, en]) {
    const { unknown, ...told } = audit.did
    expect(unknown).toContain('{action}')
    expect(Object.keys(told).sort()).toEqual([...KNOWN_ACTIONS].sort())
    expect(Object.keys(audit.action).sort()).toEqual([...KNOWN_ACTIONS].sort())
    expect(Object.keys(audit.group)).toEqual(Object.keys(ACTIONS))
  }
})

describe('what was changed', () => {
  test('is told by the words of its field, with what it was and is', () => {
    expect(linesOf({ role: { before: 'sale', after: 'manager' }, initials: { before: 'L', after: 'NL' } })).toEqual([
      'Vai trò: Nhân viên → Quản lý',
    ])
    expect(linesOf({ crm_sync: { before: false, after: true } })).toEqual(['Đồng bộ sang CRM: Không → Có'])
    expect(linesOf({ note: { before: '', after: 'Khách quen' } })).toEqual(['Ghi chú: (trống) → Khách quen'])
  })

  test('names who came and who went, and phones as people read them', () => {
    expect(linesOf({ member_ids: { before: ['s1'], after: ['s2'] } })).toEqual([
      'Thành viên: thêm Lê Thị Hoa; bỏ Vũ Ngọc Lan',
    ])
    expect(linesOf({ phones: { before: [], after: ['+84912345678'] } })).toEqual([
      'Số điện thoại: thêm 0912 345 678',
    ])
  })

  test('of an object is only what differs, and what is too deep has just changed', () => {
    const split = { before: { enabled: false, visibility: 'own' }, after: { enabled: true, visibility: 'own' } }
    expect(linesOf({ split })).toEqual(['Đang bật: Không → Có'])
    expect(linesOf({ steps: { before: [{ id: 1 }], after: [] }, window: { before: {}, after: { mon: [] } } })).toEqual([
      'Các bước: đã thay đổi',
      'Khung giờ: đã thay đổi',
    ])
  })

  test('of something new leaves out its name, and what is as it begins', () => {
    const made = {
      name: { after: 'An' },
      role: { after: 'sale' },
      enabled: { before: null, after: false },
      steps: { before: null, after: [{ id: 1 }] },
      window: { before: null, after: { mon: [] } },
    }
    expect(linesOf(made)).toEqual(['Vai trò: Nhân viên'])
  })

  test('tells since when something is retired', () => {
    const [line] = linesOf({ retired_at: { before: null, after: '2020-11-22T03:00:00Z' } })
    expect(line).toMatch(/^Ngừng dùng từ: 10:00 .*22\/11\/2020$/u)
  })

  test('never says a password', () => {
    expect(linesOf({ password: {} })).toEqual(['Mật khẩu: đã thay đổi'])
  })
})

describe('an entry', () => {
  test('is a sentence of who did what to whom', () => {
    expect(rowOf(anEntry(), 'Vũ Ngọc Lan').get('.said p').text()).toBe('Lê Thị Hoa đã sửa nhân viên Vũ Ngọc Lan')
    const reset = anEntry({ action: 'password_reset', actor_id: null, actor_name: null })
    expect(rowOf(reset, 'Vũ Ngọc Lan').get('.said p').text()).toContain('Hệ thống đặt lại mật khẩu của Vũ Ngọc Lan')
  })

  test('of an action that this page does not know is shown too', () => {
    const row = rowOf(anEntry({ action: 'moon_landed', target_kind: 'moon' }), null)
    expect(row.get('.said p').text()).toBe('Lê Thị Hoa đã làm “moon_landed” với moon')
  })
})

describe('the log', () => {
  test('is read anew for another filter, and further by its cursor', async () => {
    const server = new FakeServer()
      .on('GET /api/v1/audit', (_, url) =>
        url.searchParams.has('cursor')
          ? { items: [anEntry({ id: 'e2' })], next_cursor: null }
          : { items: [anEntry()], next_cursor: 'older' },
      )
      .install()
    const actor = ref<string | null>(null)
    const filter = computed<AuditFilter>(() => ({ actor: actor.value, target: null, action: null, since: null }))
    const { entries, hasMore, more } = within(() => useAudit(() => filter.value))
    await flushPromises()
    await more()
    expect(entries.value.map(({ id }) => id)).toEqual(['e1', 'e2'])
    expect(hasMore.value).toBe(false)

    actor.value = 's2'
    await flushPromises()
    expect(entries.value.map(({ id }) => id)).toEqual(['e1'])
    expect(server.asked).toEqual([
      'GET /api/v1/audit?limit=40',
      'GET /api/v1/audit?limit=40&cursor=older',
      'GET /api/v1/audit?limit=40&actor=s2',
    ])
  })

  test('goes on where it failed', async () => {
    const answers = [
      { items: [anEntry()], next_cursor: 'older' },
      problem(503, 'unavailable'),
      { items: [anEntry({ id: 'e2' })], next_cursor: null },
    ]
    new FakeServer().on('GET /api/v1/audit', () => answers.shift()).install()
    const nothing = { actor: null, target: null, action: null, since: null }
    const { entries, state, more } = within(() => useAudit(() => nothing))
    await flushPromises()
    await more()
    expect(state.value).toBe('failed')
    await more()
    expect(entries.value.map(({ id }) => id)).toEqual(['e1', 'e2'])
  })
})

describe('the names in it', () => {
  test('are read anew at every look, and of what is gone come from its changes', async () => {
    const made = ['Báo cáo cũ', 'Báo cáo mới']
    const nothing = () => ({ items: [], next_cursor: null })
    new FakeServer()
      .on('GET /api/v1/tokens', () => ({ items: [{ id: 't1', name: made.shift() }], next_cursor: null }))
      .on('GET /api/v1/staff', nothing)
      .on('GET /api/v1/tags', nothing)
      .on('GET /api/v1/accounts', nothing)
      .on('GET /api/v1/canned-replies', nothing)
      .install()
    const token = anEntry({ target_kind: 'token', target_id: 't1' })
    const gone = anEntry({ target_kind: 'tag', target_id: 'x', changes: { name: { before: 'Khách sỉ' } } })
    for (const name of ['Báo cáo cũ', 'Báo cáo mới']) {
      let said: (string | null)[] = []
      const look = mount(
        {
          setup() {
            const { targetOf } = useAuditNames()
            return () => {
              said = [token, gone].map(targetOf)
            }
          },
        },
        { global: { plugins: [i18n] } },
      )
      await flushPromises()
      expect(said).toEqual([name, 'Khách sỉ'])
      look.unmount()
    }
  })
})
