export function printScenarios(_isJson: boolean): boolean { return true; }
