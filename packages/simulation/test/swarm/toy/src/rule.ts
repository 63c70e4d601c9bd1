export function isWrong(coins: number): boolean {
  return coins === 13;
}
