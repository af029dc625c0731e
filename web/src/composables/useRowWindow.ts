/** Which rows of a long list are in the page: those in sight, some around them, and the focused one. */
import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/vue-virtual'
import { type ComponentPublicInstance, computed, type Ref, ref, watch } from 'vue'

const AROUND = 6 // rows above and below what is in sight, so that scrolling shows no gaps
const NEAR_END_ROWS = 30
const AT_TOP_PX = 8

export interface WindowedRow {
  id: string
}

export interface RowWindowSource<Row extends WindowedRow> {
  rows: () => readonly Row[]
  scroller: Readonly<Ref<HTMLElement | null>>
  /** About how high a row is, in pixels, before it is measured. */
  estimate: (row: Row) => number
  /** Whether a row is where it was before the others changed; only such a row holds the place. */
  stays: (before: Row, now: Row) => boolean
  /** The row that Tab goes to; the first one when it is not there. */
  current: () => string | null
  nearEnd: () => void
}

export function useRowWindow<Row extends WindowedRow>(source: RowWindowSource<Row>) {
  const { rows, scroller } = source
  /** The row that has the focus is kept in the page wherever it is: a focus cannot be in nothing. */
  const focused = ref<string | null>(null)
  const wanted = ref<string | null>(null)
  const places = computed(() => new Map(rows().map(({ id }, index) => [id, index])))
  const tabStop = computed(() => placeOf(focused.value) ?? placeOf(source.current()) ?? 0)

  function placeOf(id: string | null): number | null {
    return id === null ? null : (places.value.get(id) ?? null)
  }

  const ofTheseRows = computed(() => {
    const all = rows()
    return {
      count: all.length,
      estimateSize: (index: number) => (all[index] ? source.estimate(all[index]) : 0),
      getItemKey: (index: number) => all[index]?.id ?? index,
    }
  })
  const virtualizer = useVirtualizer(
    computed(() => ({
      ...ofTheseRows.value,
      overscan: AROUND,
      getScrollElement: () => scroller.value,
      rangeExtractor: rangeWith(tabStop.value),
    })),
  )

  const items = computed(() =>
    virtualizer.value.getVirtualItems().flatMap(({ index, start }) => {
      const row = rows()[index]
      return row ? [{ row, index, start }] : []
    }),
  )
  const height = computed(() => virtualizer.value.getTotalSize())

  holdPlace({
    ...source,
    placeOf,
    shown: () => virtualizer.value.getVirtualItems(),
    startOf: (index) => virtualizer.value.measurementsCache[index]?.start,
  })

  watch(
    () => [virtualizer.value.range?.endIndex ?? -1, rows().length] as const,
    ([end, count]) => {
      if (count > 0 && end >= count - NEAR_END_ROWS) source.nearEnd()
    },
    { immediate: true },
  )

  /**
   * Brings a row into sight and gives it the focus, as soon as the list itself is to be seen: the
   * row that is to have the focus is in the page, however far away it stands.
   */
  function focus(id: string): void {
    if (placeOf(id) !== null) focused.value = wanted.value = id
  }

  watch(
    [wanted, items],
    ([id]) => {
      if (id === null) return
      const row = scroller.value?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] a`)
      if (!row) return
      wanted.value = null
      row.focus({ preventScroll: true })
      row.scrollIntoView({ block: 'nearest' })
    },
    { flush: 'post' },
  )

  function measure(element: Element | ComponentPublicInstance | null): void {
    virtualizer.value.measureElement(element instanceof Element ? element : null)
  }

  return { items, height, tabStop, measure, focus, focused }
}

function rangeWith(tabStop: number): (range: Range) => number[] {
  return (range) => {
    const shown = defaultRangeExtractor(range)
    if (tabStop >= range.count || shown.includes(tabStop)) return shown
    return [...shown, tabStop].sort((a, b) => a - b)
  }
}

interface PlaceSource<Row extends WindowedRow> extends RowWindowSource<Row> {
  placeOf: (id: string) => number | null
  shown: () => { index: number; start: number; end: number }[]
  startOf: (index: number) => number | undefined
}

/** Whatever comes and goes above: the first row in sight that stayed stands where it stood. */
function holdPlace<Row extends WindowedRow>(source: PlaceSource<Row>): void {
  const { rows, scroller } = source
  let held: { row: Row; below: number }[] = []

  // At once, before the window hears of the change.
  watch(
    rows,
    (_, before) => {
      const top = scroller.value?.scrollTop ?? 0
      // who looks at the newest sees the next one come
      held = top < AT_TOP_PX ? [] : inSight(before, top)
    },
    { flush: 'sync' },
  )

  function inSight(all: readonly Row[], top: number): typeof held {
    return source.shown().flatMap(({ index, start, end }) => {
      const row = all[index]
      return row && end > top ? [{ row, below: start - top }] : []
    })
  }

  // Once the list has its new height.
  watch(
    rows,
    (now) => {
      for (const { row, below } of held) {
        const index = source.placeOf(row.id)
        const same = index === null ? undefined : now[index]
        if (index === null || !same || !source.stays(row, same)) continue
        stand((source.startOf(index) ?? 0) - below)
        return
      }
    },
    { flush: 'post' },
  )

  function stand(top: number): void {
    if (scroller.value && Math.abs(scroller.value.scrollTop - top) >= 1) {
      scroller.value.scrollTop = top
    }
  }
}
