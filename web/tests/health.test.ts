/** The health of the installation: what is worst, what to do about it, and webhooks that are tried again. */
import { flushPromises, mount } from '@vue/test-utils'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createMemoryHistory, createRouter } from 'vue-router'

import type { Finding, Findings, ParkedWebhook } from '@/api/health'
import HealthCheck from '@/components/health/HealthCheck.vue'
import ParkedWebhooks from '@/components/health/ParkedWebhooks.vue'
import { useHealth } from '@/composables/useHealth'
import { i18n } from '@/i18n'
import HealthPage from '@/pages/HealthPage.vue'
import vietnamese from '@/i18n/vi.json'
import openapi from '../../docs/openapi.json'

import { FakeServer, problem, within } from './fakes'

const global = { plugins: [i18n] }
const AT = '2026-11-22T03:00:00Z'

function aFinding(check: Finding['check'], state: Finding['state']): Finding {
  return { check, state, text: { vi: `câu về ${check}`, en: check } }
}

function server(...items: Finding[]): FakeServer {
  const found: Findings = { at: AT, items }
  return new FakeServer()
    .on('GET /api/v1/health/checks', () => found)
    .on('GET /api/v1/accounts', () => ({ items: [], next_cursor: null }))
    .on('GET /api/v1/notices', () => ({ items: [], next_cursor: null }))
    .install()
}

function aWebhook(id: string, reason: string): ParkedWebhook {
  const accounts = [{ key: 'k', channel: 'facebook', account_id: '999' }]
  return { id, channel: 'facebook', received_at: AT, parked_at: AT, events: [{ index: 0, reason }], accounts }
}

beforeEach(() => {
  i18n.global.locale.value = 'vi'
})

test('every check of the server has its title, its meaning and its cure', () => {
  const checks = openapi.components.schemas.FindingView.properties.check.enum
  expect(Object.keys(vietnamese.health.check).sort()).toEqual([...checks].sort())
})

describe('the findings', () => {
  test('stand with the worst first', async () => {
    server(aFinding('zalo', 'warning'), aFinding('database', 'ok'), aFinding('clock', 'failed'))
    const { ordered, worst, state } = within(useHealth)
    await flushPromises()

    expect(state.value).toBe('ready')
    expect(ordered.value.map(({ check }) => check)).toEqual(['clock', 'zalo', 'database'])
    expect(worst.value).toBe('failed')
  })

  test('are not all well while an account is in trouble', async () => {
    server(aFinding('database', 'ok')).on('GET /api/v1/notices', () => ({
      items: [{ kind: 'account_reauth', level: 'error' }],
      next_cursor: null,
    }))
    const { worst } = within(useHealth)
    await flushPromises()

    expect(worst.value).toBe('failed')
  })

  test('are looked at again by themselves, also after a failure', async () => {
    vi.useFakeTimers()
    const answers = [problem(503, 'unavailable'), { at: AT, items: [] }]
    const answering = server().on('GET /api/v1/health/checks', () => answers.shift())
    const { state } = within(useHealth)
    await flushPromises()
    expect(state.value).toBe('failed')

    await vi.advanceTimersByTimeAsync(30_000)
    expect(state.value).toBe('ready')
    expect(answering.asked.filter((one) => one.endsWith('/health/checks'))).toHaveLength(2)
    vi.useRealTimers()
  })

  test('say what to do only about what is not well', () => {
    const sick = mount(HealthCheck, { props: { finding: aFinding('clock', 'failed') }, global })
    expect(sick.text()).toContain('câu về clock')
    expect(sick.text()).toContain('Cần làm: Bật đồng bộ giờ')
    const well = mount(HealthCheck, { props: { finding: aFinding('clock', 'ok') }, global })
    expect(well.text()).not.toContain('Cần làm')
  })
})

describe('a parked webhook', () => {
  test('says why in words, and one that was tried elsewhere meanwhile is gone as asked', async () => {
    const pages = [[aWebhook('w1', 'unknown_account'), aWebhook('w2', 'apply_failed:ValueError')], []]
    new FakeServer()
      .on('GET /api/v1/webhooks/parked', () => ({ items: pages.shift(), next_cursor: null }))
      .on('POST /api/v1/webhooks/parked/w1/replay', () => problem(404, 'parked_webhook_not_found'))
      .install()
    const list = mount(ParkedWebhooks, { global })
    await flushPromises()
    const rows = list.findAll('[data-testid="parked-webhook"]')
    expect(rows.map((row) => row.text())).toEqual([
      expect.stringContaining('Tài khoản 999 chưa thuộc bot nào.'),
      expect.stringContaining('Không lưu được sự kiện (ValueError).'),
    ])

    await list.get('[data-testid="replay-one"]').trigger('click')
    await flushPromises()

    expect(list.text()).toContain('Không có webhook nào bị giữ lại.')
    expect(list.emitted('replayed')).toHaveLength(1)
    expect(list.find('[role="alert"]').exists()).toBe(false)
  })
})

test('the page does not say that all is well while it cannot look', async () => {
  server(aFinding('database', 'ok')).on('GET /api/v1/webhooks/parked', () => ({ items: [], next_cursor: null }))
  const router = createRouter({ history: createMemoryHistory(), routes: [] })
  const stubs = { SettingsFrame: { template: '<main><slot /></main>' }, RouterLink: true }
  const page = mount(HealthPage, { global: { plugins: [i18n, router], stubs } })
  await flushPromises()
  expect(page.get('[role="status"]').text()).toBe('Mọi thứ đang chạy tốt.')

  new FakeServer().on('GET /api/v1/health/checks', () => problem(503, 'unavailable')).install()
  await page.get('[data-testid="health-look"]').trigger('click')
  await flushPromises()

  expect(page.get('[data-testid="health-summary"]').attributes('data-state')).toBe('failed')
  expect(page.get('[role="status"]').text()).toContain('Không kiểm tra được')
  page.unmount()
})
