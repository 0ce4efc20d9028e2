// Sums in tenths: what is shown of the parts adds up to what is shown of the sum. (src/cli/rounding.rs does the same in a terminal.)

/**
 * The parts in whole tenths that add up to `total` in whole tenths. Each is rounded; what that leaves over goes to those that rounding
 * took most from, a tenth each.
 * @param {number[]} parts
 * @param {number} total a whole number of tenths away from their sum by less than there are parts, as two rounded ends are
 * @returns {number[]}
 */
export function addingUp(parts, total) {
  const tenths = parts.map((part) => Math.round(part * 10));
  const over = Math.round(total * 10) - tenths.reduce((sum, part) => sum + part, 0);
  const step = Math.sign(over);
  const taken = parts.map((part, index) => ({ index, by: (part * 10 - (tenths[index] ?? 0)) * step }));
  taken.sort((one, other) => other.by - one.by);
  for (const { index } of taken.slice(0, Math.abs(over))) tenths[index] = (tenths[index] ?? 0) + step;
  return tenths.map((part) => part / 10);
}
