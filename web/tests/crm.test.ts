/** The customer's CRM record beside the thread: how far it is, why not, and what can be done. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { nextTick, ref, shallowRef } from 'vue'

import type { CrmCandidate, CrmReason, CrmRecord } from '@/api/crm'
import type { Block } from '@/api/sidebar'
import CrmBlock from '@/components/crm/CrmBlock.vue'
import { useCrm } from '@/composables/useCrm'
import { i18n } from '@/i18n'

import { FakeServer, later, problem, within } from './fakes'

const CRM = 'GET /api/v1/customers/u1/crm'
const SYNC = 'POST /api/v1/customers/u1/crm/sync'
const LINK = 'POST /api/v1/customers/u1/crm/link'
const AWAY: CrmReason = { code: 'crm_away', vi: 'CRM không phản hồi.', en: 'The CRM is away.' }
const GONE: CrmReason = { code: 'crm_gone', vi: 'Hồ sơ đã bị xoá.', en: 'It was deleted.' }
const NO_PHONE: CrmReason = { code: 'crm_no_phone', vi: 'Không phải số.', en: 'No number.' }
const SEVERAL: CrmReason = { code: 'crm_ambiguous', vi: 'Có 2 hồ sơ.', en: '2 records.' }
const UNLINKED: CrmReason = { code: 'crm_not_linked', vi: 'Chưa có trong CRM.', en: 'Not there.' }

function aRecord(changes: Partial<CrmRecord> = {}): CrmRecord {
  return {
    connection: 'shop',
    id: '41',
    name: 'Hồng Ánh',
    phone: '+84912345678',
    email: null,
    chat_tags: ['VIP', 'Khách sỉ'],
    url: 'https://crm.example/41',
    state: 'synced',
    reason: null,
    fields: [{ field: 'phones', theirs: 'Điện thoại', state: 'synced', reason: null }],
    waiting_since: null,
    pushed_at: '2026-11-22T03:00:00.000Z',
    candidates: [],
    ...changes,
  }
}

function aCandidate(id: string): CrmCandidate {
  return { id, name: `Hồ sơ ${id}`, phone: '+84912345678', email: null, url: `https://crm.example/${id}` }
}

function unlinked(changes: Partial<CrmRecord> = {}): CrmRecord {
  const nothing = { id: null, name: null, phone: null, chat_tags: [], url: null, pushed_at: null }
  return aRecord({ ...nothing, state: 'unlinked', reason: UNLINKED, ...changes })
}

function on(record: CrmRecord): Block<CrmRecord> {
  return { state: 'ok', data: record, off: null }
}

function off(code: string): Block<CrmRecord> {
  return { state: 'off', data: null, off: { code, vi: 'Chưa có gì.', en: 'Nothing yet.' } }
}

function setVisible(visible: boolean): void {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(visible ? 'visible' : 'hidden')
  document.dispatchEvent(new Event('visibilitychange'))
}

describe('the state', () => {
  let record: CrmRecord
  let server: FakeServer

  beforeEach(() => {
    record = aRecord({ state: 'waiting' })
    server = new FakeServer().on(CRM, () => ({ items: [record] })).install()
    vi.useFakeTimers()
    setVisible(true)
    return () => {
      vi.useRealTimers()
    }
  })

  function watched(first: Block<CrmRecord>) {
    const block = shallowRef(first)
    const version = ref(1)
    const changed = vi.fn(() => Promise.resolve())
    const crm = within(() =>
      useCrm({ customerId: 'u1', block: () => block.value, version: () => version.value, changed }),
    )
    return { crm, block, version, changed }
  }

  test('is read again every five seconds while edits wait, and no more once they are there', async () => {
    const { crm } = watched(on(record))
    await vi.advanceTimersByTimeAsync(4900)
    expect(server.asked).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(5100)
    expect(server.asked).toHaveLength(2)

    record = aRecord()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked).toHaveLength(3)
    expect(crm.main.value?.state).toBe('synced')
  })

  test('is not read while nobody looks, and goes on when the server was away', async () => {
    const { crm } = watched(on(record))
    setVisible(false)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked).toHaveLength(0)

    server.on(CRM, () => problem(503, 'unavailable'))
    setVisible(true)
    await vi.advanceTimersByTimeAsync(5000)
    expect(crm.state.value).toBe('failed')
    expect(crm.main.value?.state).toBe('waiting')
    record = aRecord()
    server.on(CRM, () => ({ items: [record] }))
    await vi.advanceTimersByTimeAsync(5000)
    expect(crm.main.value?.state).toBe('synced')
  })

  test('of who has no record is read once for each edit, and the sidebar when there is one', async () => {
    record = unlinked()
    const { crm, block, version, changed } = watched(off('not_linked'))
    await flushPromises()
    expect(crm.main.value?.state).toBe('unlinked')
    block.value = off('not_linked') // the sidebar was read for another reason
    await vi.advanceTimersByTimeAsync(60_000)
    expect(server.asked).toHaveLength(1)

    record = unlinked({ state: 'waiting' })
    version.value = 2
    await flushPromises()
    expect(changed).not.toHaveBeenCalled()
    record = aRecord()
    await vi.advanceTimersByTimeAsync(5000)
    expect(changed).toHaveBeenCalledOnce()
  })

  test('that was asked for before somebody did something is not shown', async () => {
    const answer = later<unknown>()
    server.on(CRM, () => answer.promise)
    const { crm } = watched(on(record))
    const looking = crm.look()
    crm.took(aRecord())
    answer.give({ items: [record] })
    await looking

    expect(crm.main.value?.state).toBe('synced')
  })

  test('of nobody is shown when the switch is turned off', async () => {
    const { crm, block } = watched(on(record))
    block.value = off('sync_off')
    await nextTick()
    expect(crm.cards.value).toEqual([])
  })
})

describe('the block', () => {
  let answer: CrmRecord[]
  let server: FakeServer

  beforeEach(() => {
    answer = [aRecord()]
    server = new FakeServer().on(CRM, () => ({ items: answer })).install()
  })

  async function shownWith(block: Block<CrmRecord>) {
    const changed = vi.fn(() => Promise.resolve())
    const props = { block, customerId: 'u1', version: 1, loading: false, changed }
    const shown = mount(CrmBlock, { props, global: { plugins: [i18n] }, attachTo: document.body })
    onTestFinished(() => {
      shown.unmount()
    })
    await flushPromises()
    const at = (name: string) => shown.find(`[data-testid="${name}"]`)
    const press = async (name: string) => {
      await at(name).trigger('click')
      await flushPromises()
    }
    return { shown, at, press, changed }
  }

  test('shows the record and leads to it safely when its icon is pressed', async () => {
    const { at, press } = await shownWith(on(aRecord()))
    expect(at('crm-state').text()).toBe('Đã đồng bộ')
    expect(at('crm-card').exists()).toBe(false)
    await press('crm-open')

    expect(at('crm-open').attributes('aria-expanded')).toBe('true')
    expect(at('crm-phone').text()).toBe('0912 345 678')
    expect(at('crm-tags').text()).toBe('VIP, Khách sỉ')
    expect(at('crm-email').exists()).toBe(false)
    const { href, target, rel } = at('crm-out').attributes()
    expect([href, target, rel]).toEqual(['https://crm.example/41', '_blank', 'noopener noreferrer'])
  })

  test.each([
    ['sync_off', false],
    ['not_set_up', false],
    ['no_customer', false],
    ['not_linked', true],
  ])('that is off because of %s cannot be opened, and says why', async (code, mayLink) => {
    answer = [unlinked({ reason: null })]
    const { at } = await shownWith(off(code))
    const icon = at('crm-open')
    expect(icon.attributes()).toMatchObject({ disabled: '', title: 'Chưa có gì.' })
    expect(at('crm-reason').text()).toBe('Chưa có gì.')
    expect(icon.attributes('aria-describedby')).toBe(at('crm-reason').attributes('id'))
    expect(at('crm-link').exists()).toBe(mayLink)
  })

  test('says since when edits wait and why, also of every field, in the language of the reader', async () => {
    const fields: CrmRecord['fields'] = [
      { field: 'phones', theirs: 'Phone', state: 'failed', reason: NO_PHONE },
      { field: 'note', theirs: 'Note', state: 'waiting', reason: null },
    ]
    const waiting = { state: 'waiting', waiting_since: '2026-11-22T03:00:00.000Z' } as const
    answer = [aRecord({ ...waiting, reason: AWAY, fields })]
    const { shown, at, press } = await shownWith(on(answer[0] ?? aRecord()))
    await press('crm-open')
    expect(at('crm-state').attributes('data-state')).toBe('waiting')
    expect(at('crm-state').text()).toMatch(/^Chờ đồng bộ từ \d\d:\d\d/u)
    expect(at('crm-reason').text()).toBe('CRM không phản hồi.')
    const rows = shown.findAll('[data-testid="crm-field"]')
    expect(rows.map((row) => row.attributes('data-state'))).toEqual(['failed', 'waiting'])
    expect(rows[0]?.text()).toContain('Không phải số.')

    i18n.global.locale.value = 'en'
    await nextTick()
    expect(at('crm-reason').text()).toBe('The CRM is away.')
    expect(rows[0]?.text()).toContain('No number.')
    i18n.global.locale.value = 'vi'
  })

  test('says once what is the matter with the record as a whole', async () => {
    const fields = ['phones', 'emails'].map((field) => ({
      field,
      theirs: field,
      state: 'failed' as const,
      reason: GONE,
    }))
    answer = [aRecord({ state: 'failed', reason: GONE, fields })]
    const { shown, at, press } = await shownWith(on(answer[0] ?? aRecord()))
    await press('crm-open')
    expect(shown.text().split(GONE.vi)).toHaveLength(2)
    expect(at('crm-out').exists()).toBe(false)
  })

  test('syncs now, is busy meanwhile, and says what came of it', async () => {
    const synced = later<unknown>()
    server.on(SYNC, () => synced.promise)
    const { at, press, changed } = await shownWith(on(aRecord({ state: 'failed', reason: AWAY })))
    await press('crm-open')
    await press('crm-sync')
    expect(at('crm-sync').text()).toBe('Đang đồng bộ…')
    expect(at('crm-card').attributes('aria-busy')).toBe('true')
    await press('crm-sync')
    synced.give(aRecord())
    await flushPromises()

    expect(server.bodies).toEqual([{ connection: 'shop', make_again: false }])
    expect(at('crm-result').text()).toBe('Đã đồng bộ xong.')
    expect(at('crm-state').text()).toBe('Đã đồng bộ')
    expect(changed).toHaveBeenCalledOnce()
  })

  test.each([
    [() => problem(409, 'crm_sync_off', 'Bot chưa bật đồng bộ.'), 'Bot chưa bật đồng bộ.'],
    [() => problem(502, 'unknown'), 'Không kết nối được máy chủ. Hãy kiểm tra mạng rồi thử lại.'],
  ])('says why it was refused', async (refuse, words) => {
    server.on(SYNC, refuse)
    const { at, press } = await shownWith(on(aRecord()))
    await press('crm-open')
    await press('crm-sync')
    expect(at('crm-refusal').text()).toBe(words)
    expect(at('crm-result').text()).toBe('')
  })

  test('makes who is not there yet, and shows the record as soon as the sidebar tells it', async () => {
    answer = [unlinked()]
    server.on(SYNC, () => aRecord())
    const { shown, at, press, changed } = await shownWith(off('not_linked'))
    await press('crm-link')
    expect(at('crm-sync').text()).toBe('Tạo trong CRM ngay')
    expect(at('crm-field').exists()).toBe(false)
    await press('crm-sync')
    expect(changed).toHaveBeenCalled()
    await shown.setProps({ block: on(aRecord()) })

    expect(at('crm-id').text()).toBe('41')
    expect(at('crm-result').text()).toBe('Đã đồng bộ xong.')
    expect(at('crm-open').attributes('disabled')).toBeUndefined()
  })

  test('lets one of several records be chosen, and says when another customer has it', async () => {
    answer = [unlinked({ state: 'failed', reason: SEVERAL, candidates: [aCandidate('7'), aCandidate('9')] })]
    let taken = true
    server.on(LINK, () => (taken ? problem(409, 'crm_record_taken', 'Của khách khác.') : aRecord({ id: '9' })))
    const { shown, at, press } = await shownWith(off('not_linked'))
    expect(at('crm-reason').text()).toBe('Có 2 hồ sơ.')
    await press('crm-link')
    expect(at('crm-choose').attributes('disabled')).toBe('')
    await shown.get('input[value="9"]').setValue()
    await at('crm-candidates').trigger('submit')
    await flushPromises()
    expect(at('crm-refusal').text()).toBe('Của khách khác.')

    taken = false
    await at('crm-candidates').trigger('submit')
    await flushPromises()
    expect(server.bodies[1]).toEqual({ connection: 'shop', record_id: '9' })
    expect(at('crm-candidates').exists()).toBe(false)
    expect(at('crm-id').text()).toBe('9')
  })

  test('makes a deleted record again only when that is confirmed', async () => {
    answer = [aRecord({ state: 'failed', reason: GONE })]
    server.on(SYNC, () => aRecord({ id: '42' }))
    const { at, press } = await shownWith(on(answer[0] ?? aRecord()))
    await press('crm-open')
    await press('crm-again')
    expect(document.activeElement).toBe(at('crm-again-keep').element)
    await at('crm-again-keep').trigger('keydown', { key: 'Escape' })
    await flushPromises()
    expect(document.activeElement).toBe(at('crm-again').element)
    expect(server.bodies).toEqual([])

    await press('crm-again')
    await press('crm-again-sure')
    expect(server.bodies).toEqual([{ connection: 'shop', make_again: true }])
    expect(at('crm-id').text()).toBe('42')
    expect(at('crm-again').exists()).toBe(false)
  })

  test('of several CRMs says of each which it is and how far', async () => {
    answer = [aRecord(), unlinked({ connection: 'branch' })]
    const { shown, press } = await shownWith(on(aRecord()))
    await press('crm-open')
    const cards = shown.findAll('[data-testid="crm-card"]')
    expect(cards.map((card) => card.get('h4').text())).toEqual(['CRM shop', 'CRM branch'])
    expect(cards[1]?.text()).toContain('Chưa có trong CRM.')
  })
})
