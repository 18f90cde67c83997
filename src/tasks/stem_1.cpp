// Problem `index` of "stem-1" has level index % 3 + 1. Paper: [R1 §2.2].
#include "tasks/stem_1.h"

#include <algorithm>
#include <map>

#include "base/check.h"
#include "tasks/drawn_task.h"

namespace r1 {
namespace {

constexpr StemLaw kLaws[] = {
    {"distance", "speed", "time"},
    {"force", "mass", "acceleration"},
    {"mass", "density", "volume"},
    {"work", "force", "distance"},
};
/// The second law takes the first one's product.
constexpr int kChains[][2] = {{2, 1}, {1, 3}, {0, 3}};

const std::string& chinese(const std::string& name) {
  static const std::map<std::string, std::string> words = {
      {"distance", "距离"},       {"speed", "速度"},   {"time", "时间"},   {"force", "力"}, {"mass", "质量"},
      {"acceleration", "加速度"}, {"density", "密度"}, {"volume", "体积"}, {"work", "功"},
  };
  return words.at(name);
}

std::string word(const std::string& name, int language) { return language ? chinese(name) : name; }

void multiply_or_divide(StemQuestion& q, bool divide, Rng& rng) {
  const StemLaw& law = kLaws[rng.below(std::size(kLaws))];
  const int a = rng.range(2, 9), b = rng.range(2, 9);
  const bool first = rng.chance(.5);  // which factor is asked
  if (!divide) {
    q.given = {{law.a, a}, {law.b, b}}, q.asked = law.product, q.answer = a * b;
    q.steps = {cat(a, "*", b, "=", a * b)};
  } else {
    q.given = {{law.product, a * b}, {first ? law.b : law.a, b}}, q.asked = first ? law.a : law.b, q.answer = a;
    q.steps = {cat(a * b, "/", b, "=", a)};
  }
}

void two_laws(StemQuestion& q, Rng& rng) {
  const auto& chain = kChains[rng.below(std::size(kChains))];
  const StemLaw &inner = kLaws[chain[0]], &outer = kLaws[chain[1]];
  const int a = rng.range(2, 4), b = rng.range(2, 4), c = rng.range(2, 5);
  const bool is_a = std::string(outer.a) == inner.product;
  q.given = {{inner.a, a}, {inner.b, b}, {is_a ? outer.b : outer.a, c}};
  q.asked = outer.product, q.answer = a * b * c;
  q.steps = {cat(a, "*", b, "=", a * b), cat(a * b, "*", c, "=", a * b * c)};
}

/// Three numbers that a wrong step would give, none of them the answer.
void add_options(StemQuestion& q, Rng& rng) {
  const int x = q.given[0].value, y = q.given[1].value, z = q.given.back().value;
  std::vector<int> wrong{x + y,        std::abs(x - y), x * y,        x / std::max(y, 1),
                         q.answer + 1, q.answer - 1,    q.answer + z, x + y + z};
  shuffle(wrong, rng);
  q.options = {q.answer};
  for (const int w : wrong)
    if (w > 0 && q.options.size() < kStemOptions && std::find(q.options.begin(), q.options.end(), w) == q.options.end())
      q.options.push_back(w);
  shuffle(q.options, rng);
  q.right = static_cast<int>(std::find(q.options.begin(), q.options.end(), q.answer) - q.options.begin());
}

template <int language>
Problem draw_problem(int level, Rng& rng) {
  return stem_problem(draw_stem(level, rng), language);
}

R1_REGISTER(TaskFactory, "stem-1", [] { return drawn_task("stem-1", kStemLevels, 48, draw_problem<0>); });
R1_REGISTER(TaskFactory, "stem-1-zh", [] { return drawn_task("stem-1-zh", kStemLevels, 48, draw_problem<1>); });

}  // namespace

StemQuestion draw_stem(int level, Rng& rng) {
  R1_CHECK(level >= 1 && level <= kStemLevels, "stem-1: level ", level, ", expected 1 to ", kStemLevels);
  StemQuestion q;
  q.level = level;
  if (level == 3)
    two_laws(q, rng);
  else
    multiply_or_divide(q, level == 2, rng);
  shuffle(q.given, rng);
  add_options(q, rng);
  return q;
}

std::string stem_text(const StemQuestion& q, int language) {
  std::string out = language ? "理:" : "stem ";
  for (size_t i = 0; i < q.given.size(); ++i)
    out += cat(i ? "," : "", word(q.given[i].name, language), ":", q.given[i].value);
  out += cat(";", word(q.asked, language), "?");
  for (int i = 0; i < kStemOptions; ++i)
    out += cat(i ? "," : "", static_cast<char>('A' + i), q.options[static_cast<size_t>(i)]);
  return out;
}

Problem stem_problem(const StemQuestion& q, int language) {
  Problem p;
  p.task = "stem-1";
  p.prompt = stem_text(q, language);
  p.answer = std::string(1, static_cast<char>('A' + q.right));
  p.checker = "choice";
  p.data = "ABCD";
  p.language = language ? "zh" : "en";
  p.level = q.level;
  std::vector<std::string> facts;  // neither the order of the facts nor that of the options makes another problem
  for (const StemQuestion::Given& g : q.given) facts.push_back(cat(g.name, g.value));
  std::sort(facts.begin(), facts.end());
  p.key = "stem-1:";
  for (const std::string& f : facts) p.key += f + ",";
  p.key += q.asked;
  return p;
}

}  // namespace r1
