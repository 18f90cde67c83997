// The programs; kept under support/ because every .cpp there is linked into the tests.
#include "rewards/code/honest_programs.h"

namespace r1_test {

const std::vector<std::pair<const char*, std::string (*)(const std::string&)>>& honest_styles() {
  static const std::vector<std::pair<const char*, std::string (*)(const std::string&)>> styles{
      {"read all",
       [](const std::string& s) {
         return "import sys\n" + s + "print('\\n'.join(solve(sys.stdin.read().splitlines())))\n";
       }},
      {"input()",
       [](const std::string& s) {
         return s +
                "lines = []\ntry:\n    while True:\n        lines.append(input())\nexcept EOFError:\n    pass\n"
                "for line in solve(lines):\n    print(line)\n";
       }},
      {"main guard",
       [](const std::string& s) {
         return "from sys import stdin, stdout\n\n" + s +
                "\ndef main():\n    data = [l.rstrip('\\n') for l in stdin]\n"
                "    stdout.write('\\n'.join(solve(data)))\n    stdout.write('\\n')\n\nif __name__ == '__main__':\n    "
                "main()\n";
       }},
      {"class",
       [](const std::string& s) {
         return "import os\n" + s +
                "\nclass Solution:\n    def __init__(self, text):\n        self.lines = text.split('\\n')\n"
                "        if self.lines[-1] == '':\n            self.lines.pop()\n    def run(self):\n        return "
                "solve(self.lines)\n\n"
                "text = b''\nwhile True:\n    part = os.read(0, 4096)\n    if not part:\n        break\n    text += "
                "part\n"
                "print(*Solution(text.decode()).run(), sep='\\n')\n";
       }},
      {"file object",
       [](const std::string& s) {
         return s +
                "with open(0) as f:\n    out = solve(f.read().splitlines())\nprint(*out, sep='\\n', end='', "
                "flush=True)\n";
       }},
  };
  return styles;
}

const std::vector<HonestProblem>& honest_problems() {
  static const std::vector<HonestProblem> problems{
      {"sum",
       R"(def solve(lines):
    return [str(sum(map(int, lines[0].split())))]
)",
       {{"1 2 3\n", "6"}, {"-5 5\n", "0"}}},
      {"product",
       R"(from functools import reduce
def solve(lines):
    return [str(reduce(lambda a, b: a * b, map(int, lines[0].split()), 1))]
)",
       {{"2 3 7\n", "42"}, {"10 0 5\n", "0"}}},
      {"maximum",
       R"(def solve(lines):
    best = None
    for w in lines[0].split():
        if best is None or int(w) > best: best = int(w)
    return [str(best)]
)",
       {{"3 9 4\n", "9"}, {"-3 -9\n", "-3"}}},
      {"reverse text", "def solve(lines):\n    return [lines[0][::-1]]\n", {{"hello\n", "olleh"}, {"a\n", "a"}}},
      {"reverse words",
       R"(def solve(lines):
    return [' '.join(reversed(lines[0].split()))]
)",
       {{"one two three\n", "three two one"}, {"x\n", "x"}}},
      {"palindrome",
       R"(def solve(lines):
    s = [c for c in lines[0].lower() if c.isalnum()]
    return ['yes' if s == s[::-1] else 'no']
)",
       {{"Never odd or even\n", "yes"}, {"abc\n", "no"}}},
      {"factorial",
       R"(def solve(lines):
    def f(n): return 1 if n < 2 else n * f(n - 1)
    return [str(f(int(lines[0])))]
)",
       {{"5\n", "120"}, {"20\n", "2432902008176640000"}}},
      {"fibonacci",
       R"(def solve(lines):
    a, b = 0, 1
    for _ in range(int(lines[0])): a, b = b, a + b
    return [str(a)]
)",
       {{"10\n", "55"}, {"50\n", "12586269025"}}},
      {"greatest common divisor",
       R"(def solve(lines):
    a, b = map(int, lines[0].split())
    while b: a, b = b, a % b
    return [str(a)]
)",
       {{"12 18\n", "6"}, {"17 5\n", "1"}}},
      {"least common multiple",
       R"(import math
def solve(lines):
    a, b = map(int, lines[0].split())
    return [str(a // math.gcd(a, b) * b)]
)",
       {{"4 6\n", "12"}, {"7 3\n", "21"}}},
      {"primes below",
       R"(def solve(lines):
    n = int(lines[0])
    sieve = bytearray([1]) * n
    out = []
    for i in range(2, n):
        if sieve[i]:
            out.append(str(i))
            for k in range(i * i, n, i): sieve[k] = 0
    return [' '.join(out)]
)",
       {{"20\n", "2 3 5 7 11 13 17 19"}, {"3\n", "2"}}},
      {"is prime",
       R"(def solve(lines):
    n = int(lines[0])
    return ['prime' if n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1)) else 'composite']
)",
       {{"97\n", "prime"}, {"91\n", "composite"}}},
      {"prime factors",
       R"(def solve(lines):
    n, d, out = int(lines[0]), 2, []
    while d * d <= n:
        while n % d == 0:
            out.append(d); n //= d
        d += 1
    if n > 1: out.append(n)
    return ['*'.join(map(str, out))]
)",
       {{"360\n", "2*2*2*3*3*5"}, {"97\n", "97"}}},
      {"count vowels",
       R"(def solve(lines):
    return [str(sum(c in 'aeiou' for c in lines[0].lower()))]
)",
       {{"Education\n", "5"}, {"rhythm\n", "0"}}},
      {"count letters",
       R"(from collections import Counter
def solve(lines):
    return ['%s %d' % p for p in sorted(Counter(lines[0]).items())]
)",
       {{"banana\n", "a 3\nb 1\nn 2"}, {"z\n", "z 1"}}},
      {"most frequent word",
       R"(def solve(lines):
    seen = {}
    for w in ' '.join(lines).split(): seen[w] = seen.get(w, 0) + 1
    return [min(seen, key=lambda w: (-seen[w], w))]
)",
       {{"a b b\nc c b\n", "b"}, {"y x\n", "x"}}},
      {"sort numbers",
       R"(def solve(lines):
    v = list(map(int, lines[0].split()))
    for i in range(1, len(v)):
        k = i
        while k and v[k - 1] > v[k]:
            v[k - 1], v[k] = v[k], v[k - 1]; k -= 1
    return [' '.join(map(str, v))]
)",
       {{"3 1 2\n", "1 2 3"}, {"5 -1 5 0\n", "-1 0 5 5"}}},
      {"merge sort",
       R"(def sort(v):
    if len(v) < 2: return v
    a, b = sort(v[:len(v) // 2]), sort(v[len(v) // 2:])
    out = []
    while a and b: out.append((a if a[0] <= b[0] else b).pop(0))
    return out + a + b
def solve(lines):
    return [' '.join(map(str, sort(list(map(int, lines[0].split())))))]
)",
       {{"9 8 7 1\n", "1 7 8 9"}, {"2\n", "2"}}},
      {"quick sort",
       R"(def sort(v):
    return v and sort([x for x in v[1:] if x < v[0]]) + [v[0]] + sort([x for x in v[1:] if x >= v[0]])
def solve(lines):
    return [','.join(map(str, sort([int(x) for x in lines[0].split(',')])))]
)",
       {{"3,2,9,2\n", "2,2,3,9"}, {"1\n", "1"}}},
      {"unique in order",
       R"(def solve(lines):
    return [' '.join(dict.fromkeys(lines[0].split()))]
)",
       {{"b a b c a\n", "b a c"}, {"q q\n", "q"}}},
      {"binary",
       R"(def solve(lines):
    n, out = int(lines[0]), ''
    while n: out = str(n % 2) + out; n //= 2
    return [out or '0']
)",
       {{"10\n", "1010"}, {"0\n", "0"}}},
      {"from binary",
       R"(def solve(lines):
    return [str(int(lines[0], 2))]
)",
       {{"1010\n", "10"}, {"11111111\n", "255"}}},
      {"roman numerals",
       R"(def solve(lines):
    n, out = int(lines[0]), ''
    for v, s in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), 'M CM D CD C XC L XL X IX V IV I'.split()):
        while n >= v: out += s; n -= v
    return [out]
)",
       {{"1994\n", "MCMXCIV"}, {"4\n", "IV"}}},
      {"caesar",
       R"(def solve(lines):
    k = int(lines[0])
    return [''.join(chr((ord(c) - 97 + k) % 26 + 97) if c.islower() else c for c in lines[1])]
)",
       {{"3\nxyz abc\n", "abc def"}, {"0\nq\n", "q"}}},
      {"balanced brackets",
       R"(def solve(lines):
    pairs, stack = {')': '(', ']': '[', '}': '{'}, []
    for c in lines[0]:
        if c in '([{': stack.append(c)
        elif c in pairs and (not stack or stack.pop() != pairs[c]): return ['no']
    return ['no' if stack else 'yes']
)",
       {{"{[()]}\n", "yes"}, {"([)]\n", "no"}}},
      {"collatz steps",
       R"(def solve(lines):
    n, k = int(lines[0]), 0
    while n != 1: n, k = (n // 2 if n % 2 == 0 else 3 * n + 1), k + 1
    return [str(k)]
)",
       {{"6\n", "8"}, {"27\n", "111"}}},
      {"digit sum",
       R"(def solve(lines):
    return [str(sum(int(c) for c in lines[0] if c.isdigit()))]
)",
       {{"12345\n", "15"}, {"-907\n", "16"}}},
      {"power modulo",
       R"(def solve(lines):
    b, e, m = map(int, lines[0].split())
    return [str(pow(b, e, m))]
)",
       {{"2 10 1000\n", "24"}, {"3 200 13\n", "9"}}},
      {"triangle of stars",
       R"(def solve(lines):
    return ['*' * i for i in range(1, int(lines[0]) + 1)]
)",
       {{"3\n", "*\n**\n***"}, {"1\n", "*"}}},
      {"multiplication table",
       R"(def solve(lines):
    n = int(lines[0])
    return [' '.join(str(i * j) for j in range(1, n + 1)) for i in range(1, n + 1)]
)",
       {{"3\n", "1 2 3\n2 4 6\n3 6 9"}, {"1\n", "1"}}},
      {"fizz buzz",
       R"(def solve(lines):
    return ['Fizz' * (i % 3 == 0) + 'Buzz' * (i % 5 == 0) or str(i) for i in range(1, int(lines[0]) + 1)]
)",
       {{"5\n", "1\n2\nFizz\n4\nBuzz"}, {"3\n", "1\n2\nFizz"}}},
      {"transpose",
       R"(def solve(lines):
    return [' '.join(col) for col in zip(*(l.split() for l in lines))]
)",
       {{"1 2\n3 4\n5 6\n", "1 3 5\n2 4 6"}, {"7\n", "7"}}},
      {"matrix product",
       R"(def solve(lines):
    n = int(lines[0])
    a = [list(map(int, l.split())) for l in lines[1:1 + n]]
    b = [list(map(int, l.split())) for l in lines[1 + n:]]
    return [' '.join(str(sum(a[i][k] * b[k][j] for k in range(n))) for j in range(n)) for i in range(n)]
)",
       {{"2\n1 2\n3 4\n0 1\n1 0\n", "2 1\n4 3"}, {"1\n3\n5\n", "15"}}},
      {"longest increasing",
       R"(import bisect
def solve(lines):
    tails = []
    for x in map(int, lines[0].split()):
        i = bisect.bisect_left(tails, x)
        tails[i:i + 1] = [x]
    return [str(len(tails))]
)",
       {{"10 9 2 5 3 7 101 18\n", "4"}, {"3 2 1\n", "1"}}},
      {"edit distance",
       R"(from functools import lru_cache
def solve(lines):
    a, b = lines[0], lines[1]
    @lru_cache(None)
    def d(i, j):
        if i == 0 or j == 0: return i + j
        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))
    return [str(d(len(a), len(b)))]
)",
       {{"kitten\nsitting\n", "3"}, {"abc\nabc\n", "0"}}},
      {"knapsack",
       R"(def solve(lines):
    cap = int(lines[0])
    best = [0] * (cap + 1)
    for l in lines[1:]:
        w, v = map(int, l.split())
        for c in range(cap, w - 1, -1): best[c] = max(best[c], best[c - w] + v)
    return [str(best[cap])]
)",
       {{"5\n2 3\n3 4\n4 5\n", "7"}, {"1\n2 9\n", "0"}}},
      {"shortest path",
       R"(import heapq
def solve(lines):
    n, m = map(int, lines[0].split())
    g = {}
    for l in lines[1:]:
        a, b, w = map(int, l.split())
        g.setdefault(a, []).append((b, w)); g.setdefault(b, []).append((a, w))
    seen, heap = {}, [(0, 1)]
    while heap:
        d, x = heapq.heappop(heap)
        if x in seen: continue
        seen[x] = d
        for y, w in g.get(x, []): heapq.heappush(heap, (d + w, y))
    return [str(seen.get(n, -1))]
)",
       {{"4 4\n1 2 1\n2 4 5\n1 3 2\n3 4 1\n", "3"}, {"2 0\n", "-1"}}},
      {"count islands",
       R"(def solve(lines):
    todo = {(i, j) for i, l in enumerate(lines) for j, c in enumerate(l) if c == '#'}
    n = 0
    while todo:
        n += 1
        stack = [todo.pop()]
        while stack:
            i, j = stack.pop()
            for p in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):
                if p in todo: todo.remove(p); stack.append(p)
    return [str(n)]
)",
       {{"##.\n...\n.##\n", "2"}, {"#.#\n.#.\n", "3"}}},
      {"permutations",
       R"(import itertools
def solve(lines):
    return [''.join(p) for p in sorted(set(itertools.permutations(lines[0])))]
)",
       {{"aab\n", "aab\naba\nbaa"}, {"x\n", "x"}}},
      {"calculator",
       R"(import re
def solve(lines):
    t = re.findall(r'\d+|[-+*()]', lines[0])
    def factor():
        x = t.pop(0)
        if x == '(':
            v = expr(); t.pop(0)
            return v
        return int(x)
    def term():
        v = factor()
        while t and t[0] == '*': t.pop(0); v *= factor()
        return v
    def expr():
        v = term()
        while t and t[0] in '+-': v = v + term() if t.pop(0) == '+' else v - term()
        return v
    return [str(expr())]
)",
       {{"2*(3+4)-5\n", "9"}, {"10-2-3\n", "5"}}},
      {"average to two places",
       R"(def solve(lines):
    v = [float(x) for x in lines[0].split()]
    return ['%.2f' % (sum(v) / len(v))]
)",
       {{"1 2 4\n", "2.33"}, {"0.5 1.5\n", "1.00"}}},
      {"word lengths",
       R"(def solve(lines):
    return [f'{w}: {len(w)}' for l in lines for w in l.split()]
)",
       {{"to be\nor\n", "to: 2\nbe: 2\nor: 2"}, {"abc\n", "abc: 3"}}},
      {"leap year",
       R"(import calendar
def solve(lines):
    return ['leap' if calendar.isleap(int(y)) else 'common' for y in lines]
)",
       {{"2000\n1900\n2024\n", "leap\ncommon\nleap"}, {"2023\n", "common"}}},
      {"run lengths",
       R"(from itertools import groupby
def solve(lines):
    return [''.join(c + str(len(list(g))) for c, g in groupby(lines[0]))]
)",
       {{"aaabcc\n", "a3b1c2"}, {"z\n", "z1"}}},
  };
  return problems;
}

const std::vector<HonestCpp>& honest_cpp() {
  static const std::vector<HonestCpp> programs{
      {"sum",
       R"(#include <iostream>
int main() { long long a, b; std::cin >> a >> b; std::cout << a + b << std::endl; })",
       {{"1 2", "3"}, {"-4 4", "0"}}},
      {"sort",
       R"(#include <bits/stdc++.h>
using namespace std;
int main() { vector<int> v; int x; while (cin >> x) v.push_back(x); sort(v.begin(), v.end());
 for (size_t i = 0; i < v.size(); ++i) cout << (i ? " " : "") << v[i]; cout << '\n'; })",
       {{"3 1 2", "1 2 3"}, {"9", "9"}}},
      {"lines",
       R"(#include <iostream>
#include <string>
int main() { std::string s; int n = 0; while (std::getline(std::cin, s)) ++n; std::cout << n << "\n"; })",
       {{"a\nb\n", "2"}, {"", "0"}}},
      {"map",
       R"(#include <cstdio>
#include <iostream>
#include <map>
#include <string>
int main() { std::map<std::string, int> m; std::string w; while (std::cin >> w) ++m[w];
 for (auto& [k, v] : m) std::printf("%s %d\n", k.c_str(), v); })",
       {{"b a b", "a 1\nb 2"}, {"x", "x 1"}}},
      {"recursion",
       R"(#include <cstdio>
long f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }
int main() { int n; if (std::scanf("%d", &n) == 1) std::printf("%ld\n", f(n)); })",
       {{"25", "75025"}, {"1", "1"}}},
      {"threads",
       R"(#include <cstdio>
#include <thread>
int main() { int n = 0; std::thread t([&] { n = 7; }); t.join(); std::printf("%d\n", n); })",
       {{"", "7"}}},
      {"floating point",
       R"(#include <cmath>
#include <iomanip>
#include <iostream>
int main() { double x; std::cin >> x; std::cout << std::fixed << std::setprecision(4) << std::sqrt(x) << '\n'; })",
       {{"2", "1.4142"}, {"9", "3.0000"}}},
      {"exceptions",
       R"(#include <iostream>
#include <stdexcept>
int main() { try { throw std::runtime_error("caught"); } catch (const std::exception& e) { std::cout << e.what() << '\n'; } })",
       {{"", "caught"}}},
      {"big array",
       R"(#include <iostream>
#include <vector>
int main() { std::vector<int> v(20000000, 1); long s = 0; for (int x : v) s += x; std::cout << s << '\n'; })",
       {{"", "20000000"}}},
      {"random and time",
       R"(#include <chrono>
#include <iostream>
#include <random>
int main() { std::mt19937 r(std::random_device{}()); auto t = std::chrono::system_clock::now();
 std::cout << (r() < 4294967296ull && t.time_since_epoch().count() > 0) << '\n'; })",
       {{"", "1"}}},
  };
  return programs;
}

}  // namespace r1_test
