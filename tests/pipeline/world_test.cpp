#include "pipeline/world.h"

#include "support/catch.h"

using namespace r1;

namespace {

/// The targets of an example as text, everything else as '.', a character a byte.
std::string targets(const World& world, const Example& e) {
  std::string out;
  for (size_t i = 0; i < e.tokens.size(); ++i) {
    const std::string text = world.text({e.tokens[i]});
    out += e.mask[i] ? text : std::string(text.size(), '.');
  }
  return out;
}

}  // namespace

TEST_CASE("questions and random content are read, never targets; the rest and the end of every document are") {
  const World world{WorldConfig{}};
  int seen[2] = {};
  for (uint64_t i = 0; i < 3000; ++i) {
    const Document d = world.corpus().document(7, i, 0.5);
    const Example e = world.example(7, i, 0.5);
    const std::string text = world.text(e.tokens), t = targets(world, e);
    INFO(text << "\n" << t);
    REQUIRE(e.mask.size() == e.tokens.size());
    CHECK(e.mask.back() == 1);
    CHECK(text.size() == t.size());
    const size_t body = text.size() - plain(d.body).size() - world.text({world.eos()}).size();
    CHECK(t.substr(0, body) == std::string(body, '.'));
    size_t at = body;
    for (const Piece& p : d.body) {
      CHECK(t.substr(at, p.text.size()) == (p.given ? std::string(p.text.size(), '.') : p.text));
      at += p.text.size();
    }
    ++seen[d.kind == "chat" ? 0 : 1];
    if (d.kind != "chat") CHECK(t.find('.', body) != std::string::npos);
  }
  CHECK((seen[0] > 1000 && seen[1] > 500));
}
