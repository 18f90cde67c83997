// The programs; kept under support/ because every .cpp there is linked into the tests.
#include "rewards/code/honest_programs.h"

namespace r1_test {

const std::vector<std::pair<const char*, std::string (*)(const std::string&)>>& honest_styles() {
  static const std::vector<std::pair<const char*, std::string (*)(const std::string&)>> styles{
      {"read all", [](const std::string& s) {
         return "import sys\n" + s + "print('\\n'.join(solve(sys.stdin.read().splitlines())))\n";
       }},
      {"input()", [](const std::string& s) {
         return s + "lines = []\ntry:\n    while True:\n        lines.append(input())\nexcept EOFError:\n    pass\n"
                    "for line in solve(lines):\n    print(line)\n";
       }},
      {"main guard", [](const std::string& s) {
         return "from sys import stdin, stdout\n\n" + s + "\ndef main():\n    data = [l.rstrip('\\n') for l in stdin]\n"
                "    stdout.write('\\n'.join(solve(data)))\n    stdout.write('\\n')\n\nif __name__ == '__main__':\n    main()\n";
       }},
      {"class", [](const std::string& s) {
         return "import os\n" + s + "\nclass Solution:\n    def __init__(self, text):\n        self.lines = text.split('\\n')\n"
                "        if self.lines[-1] == '':\n            self.lines.pop()\n    def run(self):\n        return solve(self.lines)\n\n"
                "text = b''\nwhile True:\n    part = os.read(0, 4096)\n    if not part:\n        break\n    text += part\n"
                "print(*Solution(text.decode()).run(), sep='\\n')\n";
       }},
      {"file object", [](const std::string& s) {
         return s + "with open(0) as f:\n    out = solve(f.read().splitlines())\nprint(*out, sep='\\n', end='', flush=True)\n";
       }},
  };
  return styles;
}

const std::vector<HonestProblem>& honest_problems() {
  static const std::vector<HonestProblem> problems{
      {"sum", "def solve(lines):\n    return [str(sum(map(int, lines[0].split())))]\n", {{"1 2 3\n", "6"}, {"-5 5\n", "0"}}},
      {"product", "from functools import reduce\ndef solve(lines):\n    return [str(reduce(lambda a, b: a * b, map(int, lines[0].split()), 1))]\n",
       {{"2 3 7\n", "42"}, {"10 0 5\n", "0"}}},
      {"maximum", "def solve(lines):\n    best = None\n    for w in lines[0].split():\n        if best is None or int(w) > best: best = int(w)\n    return [str(best)]\n",
       {{"3 9 4\n", "9"}, {"-3 -9\n", "-3"}}},
      {"reverse text", "def solve(lines):\n    return [lines[0][::-1]]\n", {{"hello\n", "olleh"}, {"a\n", "a"}}},
      {"reverse words", "def solve(lines):\n    return [' '.join(reversed(lines[0].split()))]\n", {{"one two three\n", "three two one"}, {"x\n", "x"}}},
      {"palindrome", "def solve(lines):\n    s = [c for c in lines[0].lower() if c.isalnum()]\n    return ['yes' if s == s[::-1] else 'no']\n",
       {{"Never odd or even\n", "yes"}, {"abc\n", "no"}}},
      {"factorial", "def solve(lines):\n    def f(n): return 1 if n < 2 else n * f(n - 1)\n    return [str(f(int(lines[0])))]\n",
       {{"5\n", "120"}, {"20\n", "2432902008176640000"}}},
      {"fibonacci", "def solve(lines):\n    a, b = 0, 1\n    for _ in range(int(lines[0])): a, b = b, a + b\n    return [str(a)]\n",
       {{"10\n", "55"}, {"50\n", "12586269025"}}},
      {"greatest common divisor", "def solve(lines):\n    a, b = map(int, lines[0].split())\n    while b: a, b = b, a % b\n    return [str(a)]\n",
       {{"12 18\n", "6"}, {"17 5\n", "1"}}},
      {"least common multiple", "import math\ndef solve(lines):\n    a, b = map(int, lines[0].split())\n    return [str(a // math.gcd(a, b) * b)]\n",
       {{"4 6\n", "12"}, {"7 3\n", "21"}}},
      {"primes below", "def solve(lines):\n    n = int(lines[0])\n    sieve = bytearray([1]) * n\n    out = []\n    for i in range(2, n):\n        if sieve[i]:\n            out.append(str(i))\n            for k in range(i * i, n, i): sieve[k] = 0\n    return [' '.join(out)]\n",
       {{"20\n", "2 3 5 7 11 13 17 19"}, {"3\n", "2"}}},
      {"is prime", "def solve(lines):\n    n = int(lines[0])\n    return ['prime' if n > 1 and all(n % d for d in range(2, int(n ** 0.5) + 1)) else 'composite']\n",
       {{"97\n", "prime"}, {"91\n", "composite"}}},
      {"prime factors", "def solve(lines):\n    n, d, out = int(lines[0]), 2, []\n    while d * d <= n:\n        while n % d == 0:\n            out.append(d); n //= d\n        d += 1\n    if n > 1: out.append(n)\n    return ['*'.join(map(str, out))]\n",
       {{"360\n", "2*2*2*3*3*5"}, {"97\n", "97"}}},
      {"count vowels", "def solve(lines):\n    return [str(sum(c in 'aeiou' for c in lines[0].lower()))]\n", {{"Education\n", "5"}, {"rhythm\n", "0"}}},
      {"count letters", "from collections import Counter\ndef solve(lines):\n    return ['%s %d' % p for p in sorted(Counter(lines[0]).items())]\n",
       {{"banana\n", "a 3\nb 1\nn 2"}, {"z\n", "z 1"}}},
      {"most frequent word", "def solve(lines):\n    seen = {}\n    for w in ' '.join(lines).split(): seen[w] = seen.get(w, 0) + 1\n    return [min(seen, key=lambda w: (-seen[w], w))]\n",
       {{"a b b\nc c b\n", "b"}, {"y x\n", "x"}}},
      {"sort numbers", "def solve(lines):\n    v = list(map(int, lines[0].split()))\n    for i in range(1, len(v)):\n        k = i\n        while k and v[k - 1] > v[k]:\n            v[k - 1], v[k] = v[k], v[k - 1]; k -= 1\n    return [' '.join(map(str, v))]\n",
       {{"3 1 2\n", "1 2 3"}, {"5 -1 5 0\n", "-1 0 5 5"}}},
      {"merge sort", "def sort(v):\n    if len(v) < 2: return v\n    a, b = sort(v[:len(v) // 2]), sort(v[len(v) // 2:])\n    out = []\n    while a and b: out.append((a if a[0] <= b[0] else b).pop(0))\n    return out + a + b\ndef solve(lines):\n    return [' '.join(map(str, sort(list(map(int, lines[0].split())))))]\n",
       {{"9 8 7 1\n", "1 7 8 9"}, {"2\n", "2"}}},
      {"quick sort", "def sort(v):\n    return v and sort([x for x in v[1:] if x < v[0]]) + [v[0]] + sort([x for x in v[1:] if x >= v[0]])\ndef solve(lines):\n    return [','.join(map(str, sort([int(x) for x in lines[0].split(',')])))]\n",
       {{"3,2,9,2\n", "2,2,3,9"}, {"1\n", "1"}}},
      {"unique in order", "def solve(lines):\n    return [' '.join(dict.fromkeys(lines[0].split()))]\n", {{"b a b c a\n", "b a c"}, {"q q\n", "q"}}},
      {"binary", "def solve(lines):\n    n, out = int(lines[0]), ''\n    while n: out = str(n % 2) + out; n //= 2\n    return [out or '0']\n", {{"10\n", "1010"}, {"0\n", "0"}}},
      {"from binary", "def solve(lines):\n    return [str(int(lines[0], 2))]\n", {{"1010\n", "10"}, {"11111111\n", "255"}}},
      {"roman numerals", "def solve(lines):\n    n, out = int(lines[0]), ''\n    for v, s in zip((1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1), 'M CM D CD C XC L XL X IX V IV I'.split()):\n        while n >= v: out += s; n -= v\n    return [out]\n",
       {{"1994\n", "MCMXCIV"}, {"4\n", "IV"}}},
      {"caesar", "def solve(lines):\n    k = int(lines[0])\n    return [''.join(chr((ord(c) - 97 + k) % 26 + 97) if c.islower() else c for c in lines[1])]\n",
       {{"3\nxyz abc\n", "abc def"}, {"0\nq\n", "q"}}},
      {"balanced brackets", "def solve(lines):\n    pairs, stack = {')': '(', ']': '[', '}': '{'}, []\n    for c in lines[0]:\n        if c in '([{': stack.append(c)\n        elif c in pairs and (not stack or stack.pop() != pairs[c]): return ['no']\n    return ['no' if stack else 'yes']\n",
       {{"{[()]}\n", "yes"}, {"([)]\n", "no"}}},
      {"collatz steps", "def solve(lines):\n    n, k = int(lines[0]), 0\n    while n != 1: n, k = (n // 2 if n % 2 == 0 else 3 * n + 1), k + 1\n    return [str(k)]\n",
       {{"6\n", "8"}, {"27\n", "111"}}},
      {"digit sum", "def solve(lines):\n    return [str(sum(int(c) for c in lines[0] if c.isdigit()))]\n", {{"12345\n", "15"}, {"-907\n", "16"}}},
      {"power modulo", "def solve(lines):\n    b, e, m = map(int, lines[0].split())\n    return [str(pow(b, e, m))]\n", {{"2 10 1000\n", "24"}, {"3 200 13\n", "9"}}},
      {"triangle of stars", "def solve(lines):\n    return ['*' * i for i in range(1, int(lines[0]) + 1)]\n", {{"3\n", "*\n**\n***"}, {"1\n", "*"}}},
      {"multiplication table", "def solve(lines):\n    n = int(lines[0])\n    return [' '.join(str(i * j) for j in range(1, n + 1)) for i in range(1, n + 1)]\n",
       {{"3\n", "1 2 3\n2 4 6\n3 6 9"}, {"1\n", "1"}}},
      {"fizz buzz", "def solve(lines):\n    return ['Fizz' * (i % 3 == 0) + 'Buzz' * (i % 5 == 0) or str(i) for i in range(1, int(lines[0]) + 1)]\n",
       {{"5\n", "1\n2\nFizz\n4\nBuzz"}, {"3\n", "1\n2\nFizz"}}},
      {"transpose", "def solve(lines):\n    return [' '.join(col) for col in zip(*(l.split() for l in lines))]\n", {{"1 2\n3 4\n5 6\n", "1 3 5\n2 4 6"}, {"7\n", "7"}}},
      {"matrix product", "def solve(lines):\n    n = int(lines[0])\n    a = [list(map(int, l.split())) for l in lines[1:1 + n]]\n    b = [list(map(int, l.split())) for l in lines[1 + n:]]\n    return [' '.join(str(sum(a[i][k] * b[k][j] for k in range(n))) for j in range(n)) for i in range(n)]\n",
       {{"2\n1 2\n3 4\n0 1\n1 0\n", "2 1\n4 3"}, {"1\n3\n5\n", "15"}}},
      {"longest increasing", "import bisect\ndef solve(lines):\n    tails = []\n    for x in map(int, lines[0].split()):\n        i = bisect.bisect_left(tails, x)\n        tails[i:i + 1] = [x]\n    return [str(len(tails))]\n",
       {{"10 9 2 5 3 7 101 18\n", "4"}, {"3 2 1\n", "1"}}},
      {"edit distance", "from functools import lru_cache\ndef solve(lines):\n    a, b = lines[0], lines[1]\n    @lru_cache(None)\n    def d(i, j):\n        if i == 0 or j == 0: return i + j\n        return min(d(i - 1, j) + 1, d(i, j - 1) + 1, d(i - 1, j - 1) + (a[i - 1] != b[j - 1]))\n    return [str(d(len(a), len(b)))]\n",
       {{"kitten\nsitting\n", "3"}, {"abc\nabc\n", "0"}}},
      {"knapsack", "def solve(lines):\n    cap = int(lines[0])\n    best = [0] * (cap + 1)\n    for l in lines[1:]:\n        w, v = map(int, l.split())\n        for c in range(cap, w - 1, -1): best[c] = max(best[c], best[c - w] + v)\n    return [str(best[cap])]\n",
       {{"5\n2 3\n3 4\n4 5\n", "7"}, {"1\n2 9\n", "0"}}},
      {"shortest path", "import heapq\ndef solve(lines):\n    n, m = map(int, lines[0].split())\n    g = {}\n    for l in lines[1:]:\n        a, b, w = map(int, l.split())\n        g.setdefault(a, []).append((b, w)); g.setdefault(b, []).append((a, w))\n    seen, heap = {}, [(0, 1)]\n    while heap:\n        d, x = heapq.heappop(heap)\n        if x in seen: continue\n        seen[x] = d\n        for y, w in g.get(x, []): heapq.heappush(heap, (d + w, y))\n    return [str(seen.get(n, -1))]\n",
       {{"4 4\n1 2 1\n2 4 5\n1 3 2\n3 4 1\n", "3"}, {"2 0\n", "-1"}}},
      {"count islands", "def solve(lines):\n    todo = {(i, j) for i, l in enumerate(lines) for j, c in enumerate(l) if c == '#'}\n    n = 0\n    while todo:\n        n += 1\n        stack = [todo.pop()]\n        while stack:\n            i, j = stack.pop()\n            for p in ((i + 1, j), (i - 1, j), (i, j + 1), (i, j - 1)):\n                if p in todo: todo.remove(p); stack.append(p)\n    return [str(n)]\n",
       {{"##.\n...\n.##\n", "2"}, {"#.#\n.#.\n", "3"}}},
      {"permutations", "import itertools\ndef solve(lines):\n    return [''.join(p) for p in sorted(set(itertools.permutations(lines[0])))]\n",
       {{"aab\n", "aab\naba\nbaa"}, {"x\n", "x"}}},
      {"calculator", "import re\ndef solve(lines):\n    t = re.findall(r'\\d+|[-+*()]', lines[0])\n    def factor():\n        x = t.pop(0)\n        if x == '(':\n            v = expr(); t.pop(0)\n            return v\n        return int(x)\n    def term():\n        v = factor()\n        while t and t[0] == '*': t.pop(0); v *= factor()\n        return v\n    def expr():\n        v = term()\n        while t and t[0] in '+-': v = v + term() if t.pop(0) == '+' else v - term()\n        return v\n    return [str(expr())]\n",
       {{"2*(3+4)-5\n", "9"}, {"10-2-3\n", "5"}}},
      {"average to two places", "def solve(lines):\n    v = [float(x) for x in lines[0].split()]\n    return ['%.2f' % (sum(v) / len(v))]\n", {{"1 2 4\n", "2.33"}, {"0.5 1.5\n", "1.00"}}},
      {"word lengths", "def solve(lines):\n    return [f'{w}: {len(w)}' for l in lines for w in l.split()]\n", {{"to be\nor\n", "to: 2\nbe: 2\nor: 2"}, {"abc\n", "abc: 3"}}},
      {"leap year", "import calendar\ndef solve(lines):\n    return ['leap' if calendar.isleap(int(y)) else 'common' for y in lines]\n", {{"2000\n1900\n2024\n", "leap\ncommon\nleap"}, {"2023\n", "common"}}},
      {"run lengths", "from itertools import groupby\ndef solve(lines):\n    return [''.join(c + str(len(list(g))) for c, g in groupby(lines[0]))]\n", {{"aaabcc\n", "a3b1c2"}, {"z\n", "z1"}}},
  };
  return problems;
}

const std::vector<HonestCpp>& honest_cpp() {
  static const std::vector<HonestCpp> programs{
      {"sum", "#include <iostream>\nint main() { long long a, b; std::cin >> a >> b; std::cout << a + b << std::endl; }", {{"1 2", "3"}, {"-4 4", "0"}}},
      {"sort", "#include <bits/stdc++.h>\nusing namespace std;\nint main() { vector<int> v; int x; while (cin >> x) v.push_back(x); sort(v.begin(), v.end());\n for (size_t i = 0; i < v.size(); ++i) cout << (i ? \" \" : \"\") << v[i]; cout << '\\n'; }",
       {{"3 1 2", "1 2 3"}, {"9", "9"}}},
      {"lines", "#include <iostream>\n#include <string>\nint main() { std::string s; int n = 0; while (std::getline(std::cin, s)) ++n; std::cout << n << \"\\n\"; }", {{"a\nb\n", "2"}, {"", "0"}}},
      {"map", "#include <cstdio>\n#include <iostream>\n#include <map>\n#include <string>\nint main() { std::map<std::string, int> m; std::string w; while (std::cin >> w) ++m[w];\n for (auto& [k, v] : m) std::printf(\"%s %d\\n\", k.c_str(), v); }",
       {{"b a b", "a 1\nb 2"}, {"x", "x 1"}}},
      {"recursion", "#include <cstdio>\nlong f(int n) { return n < 2 ? n : f(n - 1) + f(n - 2); }\nint main() { int n; if (std::scanf(\"%d\", &n) == 1) std::printf(\"%ld\\n\", f(n)); }", {{"25", "75025"}, {"1", "1"}}},
      {"threads", "#include <cstdio>\n#include <thread>\nint main() { int n = 0; std::thread t([&] { n = 7; }); t.join(); std::printf(\"%d\\n\", n); }", {{"", "7"}}},
      {"floating point", "#include <cmath>\n#include <iomanip>\n#include <iostream>\nint main() { double x; std::cin >> x; std::cout << std::fixed << std::setprecision(4) << std::sqrt(x) << '\\n'; }", {{"2", "1.4142"}, {"9", "3.0000"}}},
      {"exceptions", "#include <iostream>\n#include <stdexcept>\nint main() { try { throw std::runtime_error(\"caught\"); } catch (const std::exception& e) { std::cout << e.what() << '\\n'; } }", {{"", "caught"}}},
      {"big array", "#include <iostream>\n#include <vector>\nint main() { std::vector<int> v(20000000, 1); long s = 0; for (int x : v) s += x; std::cout << s << '\\n'; }", {{"", "20000000"}}},
      {"random and time", "#include <chrono>\n#include <iostream>\n#include <random>\nint main() { std::mt19937 r(std::random_device{}()); auto t = std::chrono::system_clock::now(); std::cout << (r() < 4294967296ull && t.time_since_epoch().count() > 0) << '\\n'; }", {{"", "1"}}},
  };
  return programs;
}

}  // namespace r1_test
