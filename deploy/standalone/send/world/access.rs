//! The instance's roles and permissions change.

use super::{
    World,
    ids::Id,
    objects::{
        DeletedObject,
        access::{Permission, Role, RoleWithPermissions},
    },
    registry::Registry,
};

/// The roles memberships are given. They are never deleted; others come and go.
const ESTABLISHED_ROLES: [(&str, &str); 4] = [
    ("org:admin", "Admin"),
    ("org:member", "Member"),
    ("org:billing_manager", "Billing manager"),
    ("org:viewer", "Viewer"),
];

/// The permissions every instance has, never deleted either.
const SYSTEM_PERMISSIONS: [(&str, &str); 8] = [
    ("org:sys_profile:manage", "Manage organization"),
    ("org:sys_profile:delete", "Delete organization"),
    ("org:sys_memberships:read", "Read members"),
    ("org:sys_memberships:manage", "Manage members"),
    ("org:sys_domains:read", "Read domains"),
    ("org:sys_domains:manage", "Manage domains"),
    ("org:sys_billing:read", "Read billing"),
    ("org:sys_billing:manage", "Manage billing"),
];

const MAX_ROLES: usize = 16;
const MAX_PERMISSIONS: usize = 32;
const MAX_PERMISSIONS_OF_ROLE: usize = 12;

impl World {
    /// A permission is made: the system's first, custom ones later.
    pub(super) fn create_permission(&mut self) -> Option<()> {
        if self.permissions.len() >= MAX_PERMISSIONS {
            return None;
        }
        let now = self.stage.now();
        let id = self.stage.id("perm_");
        let (key, name, r#type) = match SYSTEM_PERMISSIONS.get(self.permissions.len()) {
            Some((key, name)) => ((*key).to_owned(), (*name).to_owned(), "system"),
            None => {
                let number = self.newcomer().serial;
                (format!("org:reports_{number}:read"), format!("Read reports {number}"), "custom")
            }
        };
        let description = format!("May {} in an organization", name.to_lowercase());
        let permission = self.permissions.insert(Permission {
            created_at: now,
            description,
            id,
            key,
            name,
            object: "permission",
            r#type,
            updated_at: now,
        });
        self.stage.emit("permission.created", permission);
        Some(())
    }

    /// A permission is described anew. Roles that have it are not told.
    pub(super) fn update_permission(&mut self) -> Option<()> {
        let permission = self.permissions.find_mut(&mut self.stage.dice, is_custom)?;
        permission.description =
            format!("May {}, revised {}", permission.name.to_lowercase(), self.stage.dice.below(1_000));
        permission.updated_at = self.stage.now();
        self.stage.emit("permission.updated", permission);
        Some(())
    }

    /// A custom permission is taken out of every role, then deleted.
    pub(super) fn delete_permission(&mut self) -> Option<()> {
        let id = self.permissions.find(&mut self.stage.dice, is_custom)?.id;
        let holders: Vec<Id> =
            self.roles.iter().filter(|role| role.permissions.contains(&id)).map(|role| role.id).collect();
        for holder in holders {
            self.change_role_permissions(holder, |permissions| permissions.retain(|held| *held != id));
        }
        self.stage.pause();
        let permission = self.permissions.remove(id)?;
        // Clerk's catalogue and its library disagree on the shape: both are sent.
        if self.stage.dice.chance(50) {
            self.stage.emit("permission.deleted", &permission);
        } else {
            self.stage.emit("permission.deleted", &DeletedObject::new("permission", id));
        }
        Some(())
    }

    /// A role is made: the established ones first.
    pub(super) fn create_role(&mut self) -> Option<()> {
        if self.roles.len() >= MAX_ROLES {
            return None;
        }
        let now = self.stage.now();
        let id = self.stage.id("role_");
        let established = ESTABLISHED_ROLES.get(self.established_roles.len());
        let (key, name) = match established {
            Some((key, name)) => ((*key).to_owned(), (*name).to_owned()),
            None => {
                let number = self.newcomer().serial;
                (format!("org:project_{number}"), format!("Project {number}"))
            }
        };
        // The first role may do all that can be done so far, each later one less.
        let first = self.roles.len().min(SYSTEM_PERMISSIONS.len() - 1);
        let role = self.roles.insert(Role {
            id,
            description: (!name.starts_with("Project")).then(|| format!("{name} of an organization")),
            is_creator_eligible: key == "org:admin",
            key,
            name,
            permissions: self
                .permissions
                .iter()
                .skip(first)
                .take(SYSTEM_PERMISSIONS.len() - first)
                .map(|p| p.id)
                .collect(),
            created_at: now,
            updated_at: now,
        });
        self.stage.emit("role.created", &with_permissions(role, &self.permissions));
        if established.is_some() {
            self.established_roles.push(id);
        }
        Some(())
    }

    /// A role gains a permission. Memberships of that role are not told.
    pub(super) fn update_role(&mut self) -> Option<()> {
        let permission = self.permissions.find(&mut self.stage.dice, is_custom)?.id;
        let role = self.roles.find(&mut self.stage.dice, |role| {
            role.permissions.len() < MAX_PERMISSIONS_OF_ROLE && !role.permissions.contains(&permission)
        })?;
        self.change_role_permissions(role.id, |permissions| permissions.push(permission))
    }

    /// A role that no membership has is deleted.
    pub(super) fn delete_role(&mut self) -> Option<()> {
        let established = &self.established_roles;
        let id = self.roles.find(&mut self.stage.dice, |role| !established.contains(&role.id))?.id;
        let role = self.roles.remove(id)?;
        match self.stage.dice.below(3) {
            0 => self.stage.emit("role.deleted", &with_permissions(&role, &self.permissions)),
            1 => self.stage.emit("role.deleted", &DeletedObject::new("role", id)),
            _ => self
                .stage
                .emit("role.deleted", &DeletedObject { slug: Some(None), ..DeletedObject::new("role", id) }),
        }
        Some(())
    }

    /// One of the roles memberships are given.
    pub(super) fn any_established_role(&mut self) -> Option<Id> {
        let place = self.stage.dice.below(self.established_roles.len());
        self.established_roles.get(place).copied()
    }

    fn change_role_permissions(&mut self, id: Id, change: impl FnOnce(&mut Vec<Id>)) -> Option<()> {
        self.stage.pause();
        let role = self.roles.get_mut(id)?;
        change(&mut role.permissions);
        role.updated_at = self.stage.now();
        self.stage.emit("role.updated", &with_permissions(role, &self.permissions));
        Some(())
    }
}

fn is_custom(permission: &Permission) -> bool {
    permission.r#type == "custom"
}

fn with_permissions<'a>(role: &'a Role, permissions: &'a Registry<Permission>) -> RoleWithPermissions<'a> {
    RoleWithPermissions {
        created_at: role.created_at,
        description: role.description.as_deref(),
        id: role.id,
        is_creator_eligible: role.is_creator_eligible,
        key: &role.key,
        name: &role.name,
        object: "role",
        permissions: role.permissions.iter().filter_map(|id| permissions.get(*id)).collect(),
        updated_at: role.updated_at,
    }
}
