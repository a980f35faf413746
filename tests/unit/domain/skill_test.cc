#include "libs/domain/skill.h"

#include <gtest/gtest.h>

#include <vector>

namespace meridian {
namespace {

const std::vector<AgentSkill> kSkills = {{{"billing"}, 7}, {{"returns"}, 3}, {{"technical"}, 10}};

TEST(SkillTest, EachRequiredSkillAtItsLevel) {
  EXPECT_TRUE(HasSkills(kSkills, {}));
  EXPECT_TRUE(HasSkills(kSkills, std::vector<SkillRequirement>{{{"billing"}, 7}}));
  EXPECT_TRUE(HasSkills(kSkills, std::vector<SkillRequirement>{{{"billing"}, 1}, {{"technical"}, 10}}));
  EXPECT_FALSE(HasSkills(kSkills, std::vector<SkillRequirement>{{{"billing"}, 8}}));
  EXPECT_FALSE(HasSkills(kSkills, std::vector<SkillRequirement>{{{"billing"}, 1}, {{"legal"}, 1}}));
  EXPECT_FALSE(HasSkills(kSkills, std::vector<SkillRequirement>{{{"zoology"}, 1}}));
  EXPECT_FALSE(HasSkills({}, std::vector<SkillRequirement>{{{"billing"}, 1}}));
}

TEST(SkillTest, SurplusCountsOnlyRequiredSkills) {
  EXPECT_EQ(SkillSurplus(kSkills, {}), 0);
  EXPECT_EQ(SkillSurplus(kSkills, std::vector<SkillRequirement>{{{"billing"}, 5}, {{"technical"}, 4}}), 8);
  EXPECT_EQ(SkillSurplus(kSkills, std::vector<SkillRequirement>{{{"returns"}, 3}}), 0);
}

}  // namespace
}  // namespace meridian
