/** Phone numbers and sizes as people read them. */

/** "0912 345 678" for +84912345678; other countries keep their prefix. */
export function phoneNumber(e164: string): string {
  const national = /^\+84(\d{2,3})(\d{3})(\d{3,4})$/u.exec(e164)
  return national ? `0${national[1] ?? ''} ${national[2] ?? ''} ${national[3] ?? ''}` : e164
}

/** `size` in bytes: "820 byte", "1,2 MB". */
export function fileSize(size: number, locale: string): string {
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  const step = Math.min(Math.floor(Math.log(Math.max(size, 1)) / Math.log(1000)), steps.length - 1)
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: steps[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: step > 1 ? 1 : 0,
  }).format(size / 1000 ** step)
}
