#include "core/uuid.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <thread>
#include <vector>

using core::Uuid;

namespace {

Uuid uuid(const char* text) { return Uuid::parse(text).value(); }

const char* const kDns = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
const char* const kUrl = "6ba7b811-9dad-11d1-80b4-00c04fd430c8";

}  // namespace

BOOST_AUTO_TEST_SUITE(uuids)

// The vectors are what uuid_generate_v5() of PostgreSQL's uuid-ossp returns; the first two are also in Python's and RFC 9562's documents.
BOOST_AUTO_TEST_CASE(ids_are_those_that_other_programs_compute) {
  BOOST_TEST(core::uuid_v5(uuid(kDns), "python.org").to_string() == "886313e1-3b8a-5372-9b90-0c9aee199e5d");
  BOOST_TEST(core::uuid_v5(uuid(kDns), "www.example.com").to_string() == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  BOOST_TEST(core::uuid_v5(uuid(kUrl), "profile:4711").to_string() == "46b5bd02-e29b-54f2-afc1-309f663d52b6");
  BOOST_TEST(core::uuid_v5(uuid(kUrl), "order_line:3,14").to_string() == "b8e6b418-6ec6-5dfa-836c-3220a713f380");
  BOOST_TEST(core::uuid_v5(uuid(kUrl), "").to_string() == "1b4db7eb-4057-5ddf-91e0-36dec72071f5");
  BOOST_TEST(core::uuid_v5(uuid(kUrl), "e:größe 日本 😀").to_string() == "4303b794-4bf4-56ca-be4b-43bc5a95f275");
  BOOST_TEST(core::uuid_v5(uuid(kUrl), std::string(1000, 'x')).to_string() == "68491f23-75a7-557d-943b-00881c13ae1e");
}

BOOST_AUTO_TEST_CASE(an_id_says_its_version_and_variant) {
  for (int i = 0; i < 100; ++i) {
    const Uuid id = core::uuid_v5(uuid(kUrl), "e:" + std::to_string(i));
    BOOST_TEST((id.bytes[6] >> 4U) == 5);
    BOOST_TEST((id.bytes[8] >> 6U) == 2);
  }
}

BOOST_AUTO_TEST_CASE(threads_compute_the_same_ids) {
  std::vector<Uuid> ids(4);
  {
    std::vector<std::jthread> threads;
    for (Uuid& id : ids) {
      threads.emplace_back([&id] {
        for (int i = 0; i < 1000; ++i) id = core::uuid_v5(id, "again");
      });
    }
  }
  BOOST_TEST((ids[0] == ids[1] && ids[1] == ids[2] && ids[2] == ids[3]));
  BOOST_TEST((ids[0] != Uuid{}));
}

BOOST_AUTO_TEST_CASE(text_is_read_in_either_case_and_written_in_lower) {
  BOOST_TEST(uuid("6BA7B811-9DAD-11D1-80B4-00C04FD430C8").to_string() == kUrl);
  BOOST_TEST(Uuid{}.to_string() == "00000000-0000-0000-0000-000000000000");
}

BOOST_AUTO_TEST_CASE(what_is_no_uuid_is_refused) {
  for (const char* text : {"", "6ba7b811", "6ba7b811-9dad-11d1-80b4-00c04fd430c",
                           "6ba7b811-9dad-11d1-80b4-00c04fd430c8a", "6ba7b811x9dad-11d1-80b4-00c04fd430c8",
                           "6ba7b8119dad11d180b400c04fd430c8", "{6ba7b811-9dad-11d1-80b4-00c04fd430c}",
                           "6ba7b81g-9dad-11d1-80b4-00c04fd430c8", "6ba7b811-9dad-11d1-80b400c04fd430c8-"}) {
    BOOST_TEST(!Uuid::parse(text).has_value(), "'" << text << "' was taken for a UUID");
  }
}

BOOST_AUTO_TEST_CASE(ids_sort_as_their_texts_do) {
  std::vector<Uuid> ids;
  for (int i = 0; i < 200; ++i) ids.push_back(core::uuid_v5(uuid(kUrl), std::to_string(i)));
  std::sort(ids.begin(), ids.end());
  BOOST_TEST(std::is_sorted(ids.begin(), ids.end(),
                            [](const Uuid& a, const Uuid& b) { return a.to_string() < b.to_string(); }));
}

BOOST_AUTO_TEST_SUITE_END()
