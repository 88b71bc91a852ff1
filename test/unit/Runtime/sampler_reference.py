"""Prints the tokens that SamplerTest expects for a seed: SplitMix64 (Steele, Lea and Flood 2014) and exact sums."""
from decimal import Decimal, getcontext

getcontext().prec = 50
logits = [Decimal(x) for x in ("1", "3", "2.5", "-1", "2.900000095367431640625", "0", "3", "-4")]
weights = [(x - max(logits)).exp() for x in logits]
mask = (1 << 64) - 1
state = 42
drawn = []
for _ in range(12):
    state = (state + 0x9E3779B97F4A7C15) & mask
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    z ^= z >> 31
    target = Decimal(z >> 11) / Decimal(1 << 53) * sum(weights)
    for token, weight in enumerate(weights):
        if target < weight:
            break
        target -= weight
    drawn.append(token)
print(", ".join(map(str, drawn)))
